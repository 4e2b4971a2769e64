-- one row: how many prompts of $feature, or of all, were announced by $as_of, and with their text
SELECT count(*) AS n,
       count(*) FILTER (json_type(details, '$.text') = 'VARCHAR') AS n_texts
FROM changes
WHERE available_at <= $as_of AND ts < $as_of AND NOT duplicate AND artifact = 'prompt'
  AND (feature IS NULL OR feature IN ('', $feature));
