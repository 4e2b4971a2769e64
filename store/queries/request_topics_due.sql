-- one row per text after $after with requests of a feature to place, at most $rows: those without a
-- topic, and with $takeover those of the baseline and of the weeks since $since
SELECT r.text_key, any_value(v.vector) AS vector, any_value(v.scale) AS scale
FROM user_requests($as_of) r
JOIN vectors v ON v.text_key = r.text_key AND v.model_id = $model_id
LEFT JOIN latest_topics($as_of) t ON t.request_key = r.request_key
WHERE r.feature = $feature
  AND ($after::UBIGINT IS NULL OR r.text_key > $after::UBIGINT)
  AND (t.topic_id IS NULL
       OR ($takeover AND (r.ts >= $since
                          OR (r.ts >= $baseline_start AND r.ts < $baseline_end))))
GROUP BY r.text_key
ORDER BY r.text_key
LIMIT $rows
