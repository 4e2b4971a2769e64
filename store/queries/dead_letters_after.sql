-- one row per dead letter from one of the topics with an id above $dead_letter_id, in their order
SELECT dead_letter_id, topic, partition, "offset", reason, field
FROM dead_letters
WHERE dead_letter_id > $dead_letter_id AND list_contains($topics, topic)
ORDER BY dead_letter_id;
