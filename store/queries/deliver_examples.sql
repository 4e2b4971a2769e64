-- one row per request of $request_ids: what was asked
SELECT request_id, any_value(query) AS query
FROM requests
WHERE feature = $feature AND available_at <= $as_of
  AND list_contains($request_ids::VARCHAR[], request_id)
GROUP BY request_id
ORDER BY request_id;
