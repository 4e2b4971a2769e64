-- one row per feature with failed user requests made in [$since, $until): how many, how many no
-- training set used by $as_of, and when the oldest of those was made
WITH used AS (
  SELECT DISTINCT unnest(d.request_ids) AS request_id
  FROM dataset_rows d
  JOIN (
    SELECT name, version FROM datasets WHERE as_of < $as_of GROUP BY name, version
  ) v ON v.name = d.name AND v.version = d.version
),
failed AS (
  SELECT r.feature, r.request_id, r.ts
  FROM user_requests($as_of) r
  LEFT JOIN request_outcomes($as_of, $outcome_values) o ON o.request_key = r.request_key
  LEFT JOIN signal_scores($as_of) s ON s.request_key = r.request_key
  WHERE r.ts >= $since AND r.ts < $until AND (o.y = 0 OR (o.y IS NULL AND s.score < 0))
)
SELECT f.feature, count(*) AS n_failures, count(*) FILTER (u.request_id IS NULL) AS n_unused,
       min(f.ts) FILTER (u.request_id IS NULL) AS oldest
FROM failed f
LEFT JOIN used u ON u.request_id = f.request_id
GROUP BY f.feature
ORDER BY f.feature;
