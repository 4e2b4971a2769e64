-- one row per feature that ever had a topic $topic_id
SELECT DISTINCT feature
FROM topics
WHERE topic_id = $topic_id
ORDER BY feature
