-- one row per text after $after that a feature was asked in the baseline or since $since, or whose
-- request has no topic, at most $rows
SELECT r.text_key, any_value(v.vector) AS vector, any_value(v.scale) AS scale
FROM user_requests($as_of) r
JOIN vectors v ON v.text_key = r.text_key AND v.model_id = $model_id
LEFT JOIN (
  SELECT request_key FROM request_topics WHERE feature = $feature AND as_of <= $as_of
) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND ($after::UBIGINT IS NULL OR r.text_key > $after::UBIGINT)
  AND (t.request_key IS NULL OR r.ts >= $since
       OR (r.ts >= $baseline_start AND r.ts < $baseline_end))
GROUP BY r.text_key
ORDER BY r.text_key
LIMIT $rows
