-- one row: how many user requests of a feature have a topic at $as_of
SELECT count(*) AS n
FROM user_requests($as_of) r
JOIN latest_topics($as_of) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND t.topic_id = $topic_id
