-- one row per dead letter of ($since, $as_of] whose record could not be read, oldest first
SELECT dead_letter_id, coalesce(kind, '') AS kind, topic, reason, field
FROM dead_letters
WHERE available_at > $since AND available_at <= $as_of AND reason <> 'conflict'
ORDER BY dead_letter_id;
