-- one row per dead letter in one of the states, newest first
SELECT dead_letter_id, topic, partition, "offset", kind, reason, field, message, size_bytes,
       seen_at, state
FROM dead_letters
WHERE state = $state OR $state = 'all'
ORDER BY dead_letter_id DESC
LIMIT $limit;
