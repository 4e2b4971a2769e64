-- one row per feature of the period: its user requests as known at $as_of
SELECT feature, count(*) AS n_requests
FROM user_requests($as_of)
WHERE ts >= $from_ts AND ts < $until_ts
GROUP BY feature
ORDER BY feature;
