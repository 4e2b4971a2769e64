-- one row per weekly report with $since < as_of <= $until
SELECT week, as_of
FROM reports
WHERE as_of > $since AND as_of <= $until
ORDER BY as_of;
