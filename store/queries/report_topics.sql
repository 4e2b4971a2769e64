-- one row per (feature, topic) that counts at $as_of, as last written or renamed by then
WITH edits AS (
  SELECT feature, topic_id, arg_max(value, as_of) FILTER (action = 'rename') AS label,
         count(*) FILTER (action = 'merge') AS n_merges
  FROM topic_edits
  WHERE as_of <= $as_of
  GROUP BY feature, topic_id
),
written AS (
  SELECT feature, topic_id, arg_max(label, as_of) AS label, arg_max(examples, as_of) AS examples,
         arg_max(first_week, as_of) AS first_week, arg_max(state, as_of) AS state,
         arg_max(model_id, as_of) AS model_id
  FROM topics
  WHERE as_of <= $as_of
  GROUP BY feature, topic_id
)
SELECT w.feature, w.topic_id, coalesce(e.label, w.label) AS label, w.examples, w.first_week,
       w.state, w.model_id
FROM written w
LEFT JOIN edits e ON e.feature = w.feature AND e.topic_id = w.topic_id
WHERE w.state <> 'replaced' AND coalesce(e.n_merges, 0) = 0
ORDER BY w.feature, w.topic_id;
