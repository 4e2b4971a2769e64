-- one row: the longest window (days) in which a request of $feature expects its outcome, or NULL
SELECT max((expected_outcome ->> '$.window_days')::DOUBLE) AS window_days
FROM user_requests($as_of)
WHERE feature = $feature;
