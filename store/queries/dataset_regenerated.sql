-- one row per user request since $from_ts that replaces another, oldest first, at $as_of
SELECT request_key, md5_number_lower(regenerates) AS replaced_key, request_id, query, response,
       finish_reason, user_id
FROM user_requests($as_of)
WHERE regenerates <> request_id AND ts >= $from_ts
ORDER BY ts, request_id;
