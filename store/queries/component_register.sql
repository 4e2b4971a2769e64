-- one row per `component` change announced before $as_of as known then, oldest first
SELECT ts, name, coalesce("to", '') AS state, coalesce(feature, '') AS feature, details
FROM changes
WHERE artifact = 'component' AND available_at <= $as_of AND ts < $as_of AND NOT duplicate
ORDER BY ts, event_id;
