-- one row per embedding model whose topics are in use at $as_of
SELECT DISTINCT model_id
FROM request_topics
WHERE as_of <= $as_of
ORDER BY model_id;
