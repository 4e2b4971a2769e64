-- one row per (feature, topic, week) since $since: its share of the requests as last figured
SELECT feature, substr(cell, 7) AS topic_id, week, n, n_labels, total, value, low, high, why_not
FROM weekly_figures
WHERE as_of <= $as_of AND week >= $since AND metric = 'topic_share' AND starts_with(cell, 'topic=')
QUALIFY lag = max(lag) OVER (PARTITION BY feature, cell, week)
ORDER BY feature, topic_id, week;
