-- one row: what the newest scan of a feature's topics at or before $as_of said, and of which week
SELECT week, as_of, state
FROM alarm_states
WHERE feature = $feature AND stream = 'topics' AND as_of <= $as_of
ORDER BY as_of DESC
LIMIT 1
