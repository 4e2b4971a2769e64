-- one row per text after $after that a feature was asked in the baseline or in requests
-- that came after $since_available, at most $rows
WITH spanned AS (
  SELECT DISTINCT r.text_key
  FROM user_requests($as_of) r
  SEMI JOIN (SELECT text_key FROM vectors WHERE model_id = $model_id) v ON v.text_key = r.text_key
  WHERE r.feature = $feature AND ($after::UBIGINT IS NULL OR r.text_key > $after::UBIGINT)
    AND (r.available_at >= $since_available OR (r.ts >= $baseline_start AND r.ts < $baseline_end))
  ORDER BY r.text_key
  LIMIT $rows
)
SELECT s.text_key, v.vector
FROM spanned s
JOIN vectors v ON v.text_key = s.text_key AND v.model_id = $model_id
ORDER BY s.text_key
