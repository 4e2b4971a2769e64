-- one row per (version, model) of a topic at $as_of: from when on
SELECT version, model_id, min(as_of) AS since
FROM topics
WHERE feature = $feature AND topic_id = $topic_id AND as_of <= $as_of
GROUP BY version, model_id
ORDER BY since
