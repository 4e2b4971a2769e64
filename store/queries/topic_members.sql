-- one row per user request of a topic from $since on, newest first, at most $rows
SELECT r.request_id, r.request_key, count(*) OVER () AS n_members
FROM user_requests($as_of) r
JOIN latest_topics($as_of) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND t.topic_id = $topic_id AND r.ts >= $since
ORDER BY r.ts DESC, r.request_id
LIMIT $rows
