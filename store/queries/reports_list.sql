-- one row per weekly report, newest first
SELECT week, as_of, sha256 FROM reports ORDER BY as_of DESC;
