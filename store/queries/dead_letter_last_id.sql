-- one row: the largest dead letter id, 0 when there is none
SELECT coalesce(max(dead_letter_id), 0) AS last_id FROM dead_letters;
