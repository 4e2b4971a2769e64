-- one row: a dead letter with the bytes that were kept
SELECT dead_letter_id, topic, partition, "offset", kind, reason, field, message, value, altered,
       size_bytes, seen_at, state
FROM dead_letters
WHERE dead_letter_id = $dead_letter_id;
