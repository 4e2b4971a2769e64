-- one row: the report whose newest week is $week
SELECT week, as_of, facts, sha256
FROM reports
WHERE week = $week
ORDER BY as_of DESC
LIMIT 1;
