-- one row per input of a feature's registered eval items that has a vector of this model
SELECT e.input_key AS text_key, v.vector
FROM (
  SELECT DISTINCT input_key FROM eval_items WHERE feature = $feature AND available_at <= $as_of
) e
JOIN vectors v ON v.text_key = e.input_key AND v.model_id = $model_id
ORDER BY e.input_key
