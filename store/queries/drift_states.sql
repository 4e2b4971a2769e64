-- one row per closed week of a feature in one stream of alarm states, oldest first
SELECT as_of, week, state
FROM alarm_states
WHERE feature = $feature AND stream = $stream
ORDER BY as_of
