-- one row per adapter announced for $feature, or for all features, as known at $as_of, oldest first; details is
-- JSON as sent
SELECT ts, name, coalesce("to", '') AS "after", coalesce(details, '{}') AS details
FROM changes
WHERE artifact = 'adapter' AND available_at <= $as_of AND NOT duplicate AND ts < $as_of
  AND (feature IS NULL OR feature = '' OR feature = $feature)
ORDER BY ts, event_id;
