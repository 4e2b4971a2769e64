-- one row per user request of the period that is in $keys, oldest first, as known at $as_of
SELECT r.request_key, r.request_id, r.feature, r.ts, r.query, r.response, r.messages,
       r.session_id, r.user_id, r.segments, r.status, r.finish_reason, r.format_valid,
       r.tool_calls, r.retrieved, t.topic_id
FROM user_requests($as_of) r
LEFT JOIN latest_topics($as_of) t ON t.request_key = r.request_key
WHERE r.ts >= $from_ts AND r.ts < $until_ts
  AND (len($features::VARCHAR[]) = 0 OR list_contains($features::VARCHAR[], r.feature))
  AND r.request_key IN (SELECT unnest($keys::UBIGINT[]))
QUALIFY row_number() OVER (PARTITION BY r.request_key ORDER BY r.ts, r.event_id) = 1
ORDER BY r.ts, r.request_id;
