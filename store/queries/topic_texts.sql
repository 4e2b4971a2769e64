-- one row per request of $keys: the beginning of its query
SELECT request_key, left(query, $chars) AS text
FROM requests
WHERE request_key IN (SELECT unnest($keys::UBIGINT[])) AND NOT duplicate
