-- one row per feature with user requests as known at $as_of: the first one's time
SELECT feature, min(ts) AS first_ts
FROM user_requests($as_of)
GROUP BY feature
ORDER BY feature
