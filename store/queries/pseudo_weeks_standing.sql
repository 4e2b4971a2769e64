-- one row per week of $feature whose newest success figure at or before $as_of stands, at lag >= 1
SELECT week
FROM weekly_figures
WHERE feature = $feature AND metric = 'success' AND cell = '' AND as_of <= $as_of
GROUP BY week
HAVING arg_max(value IS NOT NULL, as_of) AND max(lag) >= 1
ORDER BY week;
