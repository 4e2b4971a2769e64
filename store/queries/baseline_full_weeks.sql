-- one row per full week of $feature with user requests that was figured at or before $as_of
SELECT week
FROM weekly_figures
WHERE feature = $feature AND metric = 'success' AND cell = '' AND as_of <= $as_of
GROUP BY week
HAVING arg_max((details ->> '$.full_week')::BOOLEAN, lag)
ORDER BY week;
