-- one row per (signal event since $from_ts, request it speaks of), oldest first, at $as_of
SELECT request_key, event_id, ts, signal, value, text, actor_id, weight
FROM request_signals($as_of)
WHERE ts >= $from_ts AND signal <> 'abandon'
ORDER BY ts, event_id, request_key;
