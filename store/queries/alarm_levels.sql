-- one row per confirmed (lag 1) live week of $feature from $since on, as figured at or before $as_of
SELECT week, value, se, n, n_labels, low, high
FROM weekly_figures
WHERE feature = $feature AND metric = 'success' AND cell = '' AND lag = 1
  AND week >= $since AND as_of <= $as_of AND value IS NOT NULL AND NOT back_filled
ORDER BY week;
