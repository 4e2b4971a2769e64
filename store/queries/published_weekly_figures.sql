-- one row per (feature, week, metric, cell, lag) figured at or before $as_of
SELECT feature, week, lag, metric, cell, as_of, n, n_labels, n_eff, total, value, se, low, high,
       why_not, pooled_weeks, back_filled, details
FROM weekly_figures
WHERE as_of <= $as_of
ORDER BY feature, week, metric, cell, lag, as_of;
