-- one row per week of a feature: the votes it would have before there are topics
WITH weeks AS (
  SELECT unnest($starts::TIMESTAMP[]) AS start, unnest($ends::TIMESTAMP[]) AS stop
),
texts AS (
  SELECT w.start, coalesce(r.user_id, r.session_id) AS voter, r.text_key, count(*) AS n
  FROM user_requests($as_of) r ASOF JOIN weeks w ON r.ts >= w.start
  WHERE r.feature = $feature AND r.ts < w.stop
  GROUP BY ALL
)
SELECT start, sum(CASE WHEN voter IS NULL THEN least(n, 3) ELSE 1 END)::BIGINT AS votes
FROM texts
GROUP BY start
ORDER BY start
