-- one row per request of $keys: its latency, estimated success, and whether its signals are good
SELECT r.request_key, any_value(r.latency_ms) AS latency_ms, any_value(p.psi) AS success,
       any_value(CASE WHEN s.rated THEN (s.score > 0)::DOUBLE END) AS satisfaction
FROM requests r
LEFT JOIN pseudo_outcomes p
  ON p.request_key = r.request_key AND p.feature = r.feature AND p.as_of <= $as_of
LEFT JOIN signal_scores($as_of) s ON s.request_key = r.request_key
WHERE r.request_key IN (SELECT unnest($keys::UBIGINT[])) AND r.feature = $feature
  AND NOT r.duplicate AND r.available_at <= $as_of
GROUP BY r.request_key
ORDER BY r.request_key;
