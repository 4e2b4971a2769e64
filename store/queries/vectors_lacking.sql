-- one row per text of $keys without a vector of this model: its first wording in a request or an
-- eval item as known at $as_of
WITH wordings AS (
  SELECT text_key, query AS text, ts, request_id AS id
  FROM requests
  WHERE available_at <= $as_of AND NOT duplicate
  UNION ALL
  SELECT input_key, input, available_at, item_id
  FROM eval_items
  WHERE available_at <= $as_of
)
SELECT w.text_key, arg_min(left(w.text, 16384), (w.ts, w.id)) AS text
FROM wordings w
SEMI JOIN (SELECT unnest($keys::UBIGINT[]) AS text_key) k ON k.text_key = w.text_key
ANTI JOIN (SELECT text_key FROM vectors WHERE model_id = $model_id) v ON v.text_key = w.text_key
GROUP BY w.text_key
ORDER BY w.text_key
