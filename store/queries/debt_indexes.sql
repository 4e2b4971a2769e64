-- one row per announced index of $feature, or of all, as known at $as_of, oldest first; `embedder`
-- is NULL where it was not said
SELECT coalesce(feature, '') AS feature, name, ts, coalesce("to", '') AS version,
       details ->> '$.embedder' AS embedder
FROM changes
WHERE available_at <= $as_of AND ts < $as_of AND NOT duplicate AND artifact = 'index'
  AND (feature IS NULL OR feature IN ('', $feature))
ORDER BY ts, event_id;
