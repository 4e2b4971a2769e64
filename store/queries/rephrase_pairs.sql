-- one row per answer of a day and later question of its session and feature within 10 minutes, in
-- other words and at most $most questions later, of which one became available since $since
WITH asked AS MATERIALIZED (
  SELECT request_id, request_key, session_id, feature, ts, available_at, text_key,
         left(query, 4096) AS query, status IN ('ok', 'refused', 'fallback') AS answered,
         row_number() OVER (PARTITION BY session_id, feature ORDER BY ts, request_id) AS place
  FROM requests
  WHERE session_id IS NOT NULL
    AND ts >= $start
    AND ts <= $start::TIMESTAMP + INTERVAL 1 DAY + INTERVAL 10 MINUTE
    AND available_at <= $as_of
    AND NOT duplicate
    AND source_kind = 'production'
    AND NOT probe
    AND (route IS NULL OR (route ->> '$.parent_request_id') IS NULL)
),
steps AS (
  SELECT unnest(range(1, $most::BIGINT + 1)) AS step
)
SELECT e.request_id, e.request_key, e.session_id, e.ts AS asked_at, e.text_key AS earlier_key,
       e.query AS earlier, l.request_id AS later_id, l.ts, l.text_key AS later_key,
       l.query AS later
FROM asked e
CROSS JOIN steps s
JOIN asked l ON l.session_id = e.session_id AND l.feature = e.feature
  AND l.place = e.place + s.step
WHERE e.answered
  AND e.ts < $start::TIMESTAMP + INTERVAL 1 DAY
  AND l.ts <= e.ts + INTERVAL 10 MINUTE
  AND l.text_key <> e.text_key
  AND greatest(e.available_at, l.available_at) > $since
ORDER BY e.ts, e.request_id, s.step
