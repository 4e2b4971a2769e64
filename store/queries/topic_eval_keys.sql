-- one row per input of the registered eval items of $features that has no vector of this model
SELECT DISTINCT e.input_key
FROM eval_items e
ANTI JOIN (SELECT text_key FROM vectors WHERE model_id = $model_id) v ON v.text_key = e.input_key
WHERE e.available_at <= $as_of AND list_contains($features::VARCHAR[], e.feature)
ORDER BY e.input_key
