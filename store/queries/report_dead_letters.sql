-- one row per reason: dead letters of [$start, $as_of)
SELECT reason, count(*) AS n
FROM dead_letters
WHERE available_at >= $start AND available_at < $as_of
GROUP BY reason
ORDER BY reason;
