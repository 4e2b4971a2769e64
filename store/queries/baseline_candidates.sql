-- one row per week of $feature that has a success figure at lag 1 or later made at or before $as_of:
-- the labels of the week itself and whether its number was withheld, from the newest figure
SELECT week,
       arg_max((details ->> '$.own_labels')::BIGINT, lag) AS n_labels,
       arg_max(coalesce((details ->> '$.withheld')::BOOLEAN, false), lag) AS withheld,
       arg_max(value IS NOT NULL, lag) AS measured
FROM weekly_figures
WHERE feature = $feature AND metric = 'success' AND cell = '' AND lag >= 1 AND as_of <= $as_of
GROUP BY week
ORDER BY week;
