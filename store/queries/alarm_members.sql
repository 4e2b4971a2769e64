-- one row per request key of $keys: its id, the newest first
SELECT request_id
FROM requests
WHERE request_key IN (SELECT unnest($keys::UBIGINT[])) AND NOT duplicate
ORDER BY ts DESC, request_id;
