-- one row per change made in [$since, $as_of) that names training sets, as known at $as_of
SELECT ts, (details -> '$.datasets')::VARCHAR AS datasets
FROM changes
WHERE available_at <= $as_of AND ts >= $since AND ts < $as_of AND NOT duplicate
  AND json_type(details, '$.datasets') IN ('ARRAY', 'VARCHAR', 'OBJECT')
ORDER BY ts, event_id;
