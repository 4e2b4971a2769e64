-- one row per week of a feature with user requests: how many
WITH weeks AS (
  SELECT unnest($starts::TIMESTAMP[]) AS start, unnest($ends::TIMESTAMP[]) AS stop
)
SELECT w.start, count(*) AS n_requests
FROM user_requests($as_of) r ASOF JOIN weeks w ON r.ts >= w.start
WHERE r.feature = $feature AND r.ts >= $first AND r.ts < w.stop
GROUP BY w.start
ORDER BY w.start
