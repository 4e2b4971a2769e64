-- one row per (change announced in [$since, $as_of) as known at $as_of, feature with a baseline that it
-- concerns), by feature and time; a change that names no feature concerns all of them
WITH watched AS (
  SELECT DISTINCT feature FROM baselines WHERE kind IN ('success', 'friction') AND as_of <= $as_of
)
SELECT w.feature, c.event_id, c.ts, c.artifact, c.name
FROM changes c
JOIN watched w ON c.feature IS NULL OR c.feature = '' OR c.feature = w.feature
WHERE c.available_at <= $as_of AND NOT c.duplicate AND c.ts >= $since AND c.ts < $as_of
ORDER BY w.feature, c.ts, c.event_id;
