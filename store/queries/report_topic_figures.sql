-- one row per (feature, metric, topic) of one week: the newest figure of success and of the share
SELECT feature, metric, substr(cell, 7) AS topic_id, n, n_labels, total, value, low, high, why_not
FROM weekly_figures
WHERE as_of <= $as_of AND week = $week AND cell LIKE 'topic=%'
  AND metric IN ('success', 'topic_share')
QUALIFY lag = max(lag) OVER (PARTITION BY feature, metric, cell)
ORDER BY feature, metric, topic_id;
