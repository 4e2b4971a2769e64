-- one row: the upper bound of the join rate of the newest week, as figured at $as_of
SELECT high
FROM weekly_figures
WHERE metric = 'join_share' AND lag = 0 AND as_of = $as_of
LIMIT 1;
