-- one row per feature with user requests in [$since, $as_of), as known at $as_of
SELECT DISTINCT feature
FROM user_requests($as_of)
WHERE ts >= $since AND ts < $as_of
ORDER BY feature;
