-- one row per (feature, week, lag) that has figures made at or before $as_of
SELECT DISTINCT feature, week, lag
FROM weekly_figures
WHERE as_of <= $as_of AND metric = 'requests'
ORDER BY feature, week, lag;
