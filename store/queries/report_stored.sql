-- one row: the newest report whose as_of lies in [$since, $until]
SELECT week, as_of, facts, sha256
FROM reports
WHERE as_of >= $since AND as_of <= $until
ORDER BY as_of DESC
LIMIT 1;
