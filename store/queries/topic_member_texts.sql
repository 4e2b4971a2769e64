-- one row per text of a topic's requests, the nearest to its centroid first, at most $rows
SELECT r.text_key
FROM user_requests($as_of) r
JOIN latest_topics($as_of) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND t.topic_id = $topic_id AND r.text_key IS NOT NULL
GROUP BY r.text_key
ORDER BY max(t.similarity) DESC, r.text_key
LIMIT $rows
