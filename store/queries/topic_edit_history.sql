-- one row per edit of a topic, into it, or of all topics of the feature, made by $as_of
SELECT edit_id, as_of, action, topic_id, value, author, reason, details
FROM topic_edits
WHERE feature = $feature AND as_of <= $as_of
  AND (topic_id = $topic_id OR topic_id IS NULL OR (action = 'merge' AND value = $topic_id))
ORDER BY as_of, edit_id, topic_id
