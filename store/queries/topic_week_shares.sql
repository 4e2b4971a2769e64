-- one row per (week, topic) of a feature: votes, one a person, and requests; topics as at $as_of,
-- `unembedded` where a request has none
WITH weeks AS (
  SELECT unnest($starts::TIMESTAMP[]) AS start, unnest($ends::TIMESTAMP[]) AS stop
)
SELECT w.start, coalesce(t.topic_id, 'unembedded') AS topic_id,
       count(DISTINCT coalesce('u' || r.user_id, 's' || r.session_id, 'r' || r.request_id)) AS votes,
       count(*) AS n_requests
FROM user_requests($as_of) r ASOF JOIN weeks w ON r.ts >= w.start
LEFT JOIN latest_topics_since(list_min($starts::TIMESTAMP[]), $as_of) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND r.ts >= (SELECT min(start) FROM weeks) AND r.ts < w.stop
GROUP BY w.start, coalesce(t.topic_id, 'unembedded')
ORDER BY w.start, topic_id
