-- one row per pull of a set, oldest first
SELECT name, version, format, job_id, ts, sha256
FROM pulls
WHERE name = $name
ORDER BY ts, version, format, job_id;
