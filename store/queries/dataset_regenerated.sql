-- one row per user request that replaces another, with what was said about it, at $as_of
SELECT r.request_key, r.request_id, md5_number_lower(r.regenerates) AS replaced_key, r.query,
       r.response, r.finish_reason, r.user_id, r.ts, s.score, o.y,
       coalesce(s.accept OR s.copy OR s.thumbs_up, false) AS taken
FROM user_requests($as_of) r
LEFT JOIN signal_scores($as_of) s ON s.request_key = r.request_key
LEFT JOIN request_outcomes($as_of, $outcome_values) o ON o.request_key = r.request_key
WHERE r.regenerates <> r.request_id AND r.ts >= $from_ts
ORDER BY r.ts, r.request_id;
