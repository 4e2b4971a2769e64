-- one row per text of these features without a vector of this model: its first wording, at most $rows
SELECT r.text_key, arg_min(left(r.query, 16384), (r.ts, r.request_id)) AS text
FROM user_requests($as_of) r
ANTI JOIN (SELECT text_key FROM vectors WHERE model_id = $model_id) v ON v.text_key = r.text_key
WHERE list_contains($features, r.feature) AND r.text_key IS NOT NULL
GROUP BY r.text_key
ORDER BY r.text_key
LIMIT $rows
