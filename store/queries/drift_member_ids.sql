-- one row per request of $keys that is not marked as a copy
SELECT request_key, request_id
FROM requests
WHERE request_key IN (SELECT unnest($keys::UBIGINT[])) AND NOT duplicate
ORDER BY ts, request_id
