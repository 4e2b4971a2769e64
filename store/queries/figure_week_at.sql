-- one row: the success headline of the week of $feature that reached $lag at the newest close at or
-- before $as_of (of any feature); no row when it had no user requests then
SELECT week, n, n_labels, value, se, low, high, why_not, pooled_weeks, back_filled, details
FROM weekly_figures
WHERE feature = $feature AND metric = 'success' AND cell = '' AND lag = $lag
  AND as_of = (SELECT max(as_of) FROM weekly_figures WHERE as_of <= $as_of)
ORDER BY week DESC
LIMIT 1;
