-- one row per full week of $feature with at least $min_labels outcomes of its own and a number, from
-- its newest success figure at $min_lag or later made at or before $as_of
WITH newest AS (
  SELECT week,
         arg_max((details ->> '$.own_labels')::BIGINT, lag) AS n_labels,
         arg_max((details ->> '$.full_week')::BOOLEAN, lag) AS full_week,
         arg_max(value IS NOT NULL, lag) AS measured
  FROM weekly_figures
  WHERE feature = $feature AND metric = 'success' AND cell = '' AND lag >= $min_lag
    AND as_of <= $as_of
  GROUP BY week
)
SELECT week, n_labels
FROM newest
WHERE measured AND full_week AND n_labels >= $min_labels
ORDER BY week;
