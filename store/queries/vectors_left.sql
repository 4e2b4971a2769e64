-- one row: how many texts have no vector of this model and a request without a topic
SELECT count(DISTINCT r.text_key) AS n
FROM user_requests($as_of) r
ANTI JOIN (SELECT text_key FROM vectors WHERE model_id = $model_id) v ON v.text_key = r.text_key
ANTI JOIN (SELECT request_key FROM request_topics WHERE as_of <= $as_of) t
  ON t.request_key = r.request_key
WHERE list_contains($features, r.feature) AND r.text_key IS NOT NULL
