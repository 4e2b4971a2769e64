-- one row per acknowledgement of a finding, oldest first
SELECT ts, action, actor, until, note
FROM acknowledgements
WHERE finding_id = $finding_id
ORDER BY ts
