-- appends one row per request of the baseline or since $since that a topic of $new_ids takes over;
-- `placed` holds one row per text
INSERT INTO request_topics
SELECT r.request_key, r.feature, r.day, p.topic_id, $version, $model_id, p.similarity, $as_of
FROM user_requests($as_of) r
JOIN placed p ON p.text_key = r.text_key
JOIN latest_topics($as_of) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND t.topic_id <> p.topic_id
  AND list_contains($new_ids::VARCHAR[], p.topic_id)
  AND (r.ts >= $since OR (r.ts >= $baseline_start AND r.ts < $baseline_end))
ORDER BY r.ts, r.request_id
