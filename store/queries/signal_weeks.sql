-- one row per week of $feature with a headline of $metric made at or before $as_of, as first figured
SELECT week, arg_min(n, lag) AS n, arg_min(value, lag) AS value, arg_min(se, lag) AS se
FROM weekly_figures
WHERE feature = $feature AND metric = $metric AND cell = '' AND as_of <= $as_of
  AND value IS NOT NULL
GROUP BY week
ORDER BY week;
