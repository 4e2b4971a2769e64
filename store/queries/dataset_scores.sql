-- one row per request of $keys with any signal at $as_of
SELECT request_key, score, coalesce(accept OR copy OR thumbs_up, false) AS taken
FROM signal_scores($as_of)
WHERE request_key IN (SELECT unnest($keys::UBIGINT[]))
ORDER BY request_key;
