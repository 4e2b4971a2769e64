-- one row per (feature, week, metric, lag) of whole features since $since: lags 0 and 1 and the newest
SELECT feature, week, metric, lag, n, n_labels, n_eff, total, value, se, low, high, why_not,
       pooled_weeks, back_filled, details
FROM weekly_figures
WHERE as_of <= $as_of AND cell = '' AND week >= $since
QUALIFY lag IN (0, 1) OR lag = max(lag) OVER (PARTITION BY feature, week, metric)
ORDER BY feature, week, metric, lag;
