-- one row per feature: user requests of [$start, $as_of) that failed, by what says so
SELECT r.feature,
       count(*) FILTER (o.y = 0) AS by_outcome,
       count(*) FILTER (o.y IS NULL AND s.score < 0) AS by_signals
FROM user_requests($as_of) r
LEFT JOIN request_outcomes($as_of, $outcome_values) o ON o.request_key = r.request_key
LEFT JOIN signal_scores($as_of) s ON s.request_key = r.request_key
WHERE r.ts >= $start AND r.ts < $as_of
GROUP BY r.feature
ORDER BY r.feature;
