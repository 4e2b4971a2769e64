-- one row per (feature, week) that the tests for drift closed since $since, oldest first
SELECT feature, week, state
FROM alarm_states
WHERE stream = 'topics' AND as_of <= $as_of AND week >= $since
ORDER BY feature, as_of;
