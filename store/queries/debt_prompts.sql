-- one row per announced prompt that carries its text in `details.text`, as known at $as_of
SELECT coalesce(feature, '') AS feature, name, ts, details ->> '$.text' AS text,
       coalesce("to", '') AS version
FROM changes
WHERE available_at <= $as_of AND ts < $as_of AND NOT duplicate AND artifact = 'prompt'
  AND json_type(details, '$.text') = 'VARCHAR'
ORDER BY ts, event_id;
