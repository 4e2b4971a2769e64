-- one row per text that had no vector of this model before $as_of and whose request has no topic,
-- at most $rows: day by day the first of each feature's people in the order of a seeded hash
WITH waiting AS (
  SELECT r.text_key, r.feature, r.day, r.ts, r.request_id,
         md5_number_lower(concat($seed, ' ', coalesce(r.user_id, r.session_id, r.request_id)))
           AS drawn
  FROM user_requests($as_of) r
  ANTI JOIN (
    SELECT text_key FROM vectors
    WHERE model_id = $model_id AND (as_of IS NULL OR as_of < $as_of)
  ) v ON v.text_key = r.text_key
  ANTI JOIN (SELECT request_key FROM request_topics WHERE as_of <= $as_of) t
    ON t.request_key = r.request_key
  WHERE list_contains($features, r.feature) AND r.text_key IS NOT NULL
),
ranked AS (
  SELECT text_key,
         row_number() OVER (PARTITION BY feature, day ORDER BY drawn, ts, request_id) AS place
  FROM waiting
)
SELECT text_key, min(place) AS place
FROM ranked
GROUP BY text_key
ORDER BY place, text_key
LIMIT $rows
