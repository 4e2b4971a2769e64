-- one row per (target, message): its newest attempt
SELECT delivery_id, target, message_key, subject, change, as_of, attempt, state, tried_at, retry_at, error
FROM deliveries
WHERE state <> 'silent'
QUALIFY row_number() OVER (PARTITION BY target, message_key ORDER BY attempt DESC) = 1
ORDER BY target, as_of, message_key;
