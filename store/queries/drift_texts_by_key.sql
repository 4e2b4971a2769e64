-- one row per text of $keys that a feature was asked: the beginning of its first wording
SELECT text_key, arg_min(left(query, 400), (ts, request_id)) AS text
FROM requests
WHERE feature = $feature AND text_key IN (SELECT unnest($keys::UBIGINT[])) AND NOT duplicate
  AND available_at <= $as_of
GROUP BY text_key
ORDER BY text_key
