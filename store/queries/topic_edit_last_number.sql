-- one row: the largest number that an edit of topics has, 0 when there is none
SELECT coalesce(max(substr(edit_id, 3)::BIGINT), 0) AS number
FROM topic_edits
