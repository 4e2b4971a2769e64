-- one row per (topic, text) of a feature's requests in [$start, $until): how many people asked it,
-- and its vector; of more than $rows about as many, drawn by text
WITH asked AS MATERIALIZED (
  SELECT t.topic_id, r.text_key,
         count(DISTINCT coalesce('u' || r.user_id, 's' || r.session_id, 'r' || r.request_id)) AS n
  FROM user_requests($as_of) r
  JOIN latest_topics_since($start, $as_of) t ON t.request_key = r.request_key
  WHERE r.feature = $feature AND r.ts >= $start AND r.ts < $until AND r.text_key IS NOT NULL
  GROUP BY t.topic_id, r.text_key
)
SELECT a.topic_id, a.text_key, a.n, v.vector
FROM asked a
JOIN vectors v ON v.text_key = a.text_key AND v.model_id = $model_id
WHERE a.text_key::DOUBLE <= 18446744073709551616.0 * $rows / (SELECT count(*) FROM asked)
ORDER BY a.topic_id, a.text_key
