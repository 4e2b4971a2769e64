-- one row per topic of a feature: as it was last written at or before $as_of
SELECT topic_id, arg_max(topics, as_of) AS topic
FROM topics
WHERE feature = $feature AND as_of <= $as_of
GROUP BY topic_id
ORDER BY topic_id
