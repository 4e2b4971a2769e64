-- one row per text after $after with requests of a feature that have no topic, at most $rows;
-- requests that were there before $since_available were placed then.
-- Materialized: DuckDB 1.5.5 can fail with an internal error when it orders all joins at once.
WITH due AS MATERIALIZED (
  SELECT DISTINCT r.text_key
  FROM user_requests($as_of) r
  SEMI JOIN (SELECT text_key FROM vectors WHERE model_id = $model_id) v ON v.text_key = r.text_key
  ANTI JOIN (
    SELECT request_key FROM request_topics
    WHERE feature = $feature AND as_of BETWEEN $since_available AND $as_of
  ) t ON t.request_key = r.request_key
  WHERE r.feature = $feature
    AND r.available_at >= $since_available
    AND ($after::UBIGINT IS NULL OR r.text_key > $after::UBIGINT)
  ORDER BY r.text_key
  LIMIT $rows
)
SELECT d.text_key, v.vector
FROM due d
JOIN vectors v ON v.text_key = d.text_key AND v.model_id = $model_id
ORDER BY d.text_key
