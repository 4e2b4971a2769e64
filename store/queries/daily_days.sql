-- one row per day of $feature in [$start, $until) that has daily figures made at or before $as_of
SELECT DISTINCT day
FROM daily_figures
WHERE feature = $feature AND day >= $start AND day < $until AND as_of <= $as_of
ORDER BY day;
