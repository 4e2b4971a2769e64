-- one row: how many requests of a feature were placed at $as_of
SELECT count(*) AS n
FROM request_topics
WHERE feature = $feature AND as_of = $as_of
