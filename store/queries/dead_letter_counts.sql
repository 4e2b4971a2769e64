-- one row per reason: dead letters that nobody has dealt with
SELECT reason, count(*) AS n FROM dead_letters WHERE state = 'new' GROUP BY reason ORDER BY reason;
