-- one row when the join rate was figured at $as_of
SELECT 1 AS made
FROM weekly_figures
WHERE metric = 'join_share' AND as_of = $as_of
LIMIT 1;
