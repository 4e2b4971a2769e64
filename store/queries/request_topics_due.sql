-- one row per text after $after with requests of a feature that have no topic, at most $rows
SELECT r.text_key, any_value(v.vector) AS vector, any_value(v.scale) AS scale
FROM user_requests($as_of) r
JOIN vectors v ON v.text_key = r.text_key AND v.model_id = $model_id
ANTI JOIN (
  SELECT request_key FROM request_topics WHERE feature = $feature AND as_of <= $as_of
) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND ($after::UBIGINT IS NULL OR r.text_key > $after::UBIGINT)
GROUP BY r.text_key
ORDER BY r.text_key
LIMIT $rows
