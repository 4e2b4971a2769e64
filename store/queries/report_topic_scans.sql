-- one row per feature: why the newest scan for new topics said nothing; '' when it was made
SELECT feature, coalesce(arg_max(state, as_of) ->> '$.why_not', '') AS why_not
FROM alarm_states
WHERE stream = 'topics' AND as_of <= $as_of
GROUP BY feature
ORDER BY feature;
