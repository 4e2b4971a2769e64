-- appends one row per request without a topic; `placed` holds one row per text;
-- requests that were there before $since_available were placed then
INSERT INTO request_topics
SELECT r.request_key, r.feature, r.day, p.topic_id, $version, $model_id, p.similarity, $as_of
FROM user_requests($as_of) r
JOIN placed p ON p.text_key = r.text_key
ANTI JOIN (
  SELECT request_key FROM request_topics
  WHERE feature = $feature AND as_of BETWEEN $since_available AND $as_of
) t ON t.request_key = r.request_key
WHERE r.feature = $feature
  AND r.available_at >= $since_available
ORDER BY r.ts, r.request_id
