-- one row per (topic, action) of a feature: the newest edit at or before $as_of
SELECT topic_id, action, arg_max(value, as_of) AS value
FROM topic_edits
WHERE feature = $feature AND topic_id IS NOT NULL AND as_of <= $as_of
GROUP BY topic_id, action
ORDER BY topic_id, action
