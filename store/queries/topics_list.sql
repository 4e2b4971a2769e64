-- one row per (feature, topic) known at $as_of, as last written, renamed or merged by then
WITH edits AS (
  SELECT feature, topic_id, arg_max(value, as_of) FILTER (action = 'rename') AS label,
         arg_max(value, as_of) FILTER (action = 'merge') AS merged_into
  FROM topic_edits
  WHERE as_of <= $as_of
  GROUP BY feature, topic_id
),
written AS (
  SELECT feature, topic_id, max(version) AS version, arg_max(label, as_of) AS label,
         arg_max(state, as_of) AS state, arg_max(reference_share, as_of) AS reference_share,
         min(first_week) AS first_week, arg_max(words, as_of) AS words,
         arg_max(examples, as_of) AS examples, arg_max(model_id, as_of) AS model_id
  FROM topics
  WHERE ($feature = '' OR feature = $feature) AND as_of <= $as_of
  GROUP BY feature, topic_id
)
SELECT w.feature, w.topic_id, w.version, coalesce(e.label, w.label) AS label,
       CASE WHEN e.merged_into IS NULL THEN w.state ELSE 'merged' END AS state, e.merged_into,
       w.reference_share, w.first_week, w.words, w.examples, w.model_id
FROM written w
LEFT JOIN edits e ON e.feature = w.feature AND e.topic_id = w.topic_id
ORDER BY w.feature, w.topic_id;
