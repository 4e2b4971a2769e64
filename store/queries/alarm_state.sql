-- one row: the newest state of a feature's alarm stream at $as_of
SELECT state, week, as_of
FROM alarm_states
WHERE feature = $feature AND stream = $stream AND as_of <= $as_of
ORDER BY as_of DESC
LIMIT 1;
