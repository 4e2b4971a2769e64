-- one row: the newest report whose as_of lies in [$since, $until] and is not $excluding
SELECT week, as_of, facts, sha256
FROM reports
WHERE as_of >= $since AND as_of <= $until AND as_of IS DISTINCT FROM $excluding
ORDER BY as_of DESC
LIMIT 1;
