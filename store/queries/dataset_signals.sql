-- one row per (signal event, user request of the period), oldest first, as known at $as_of
SELECT s.request_key, s.event_id, s.ts, s.signal, s.value, s.text, s.actor_id, s.weight
FROM request_signals($as_of) s
SEMI JOIN (
  SELECT request_key
  FROM user_requests($as_of)
  WHERE ts >= $from_ts AND ts < $until_ts
    AND (len($features::VARCHAR[]) = 0 OR list_contains($features::VARCHAR[], feature))
) a ON a.request_key = s.request_key
WHERE s.signal <> 'abandon'
ORDER BY s.ts, s.event_id, s.request_key;
