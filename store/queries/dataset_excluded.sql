-- one row per reason: requests of the period in $keys that no user made or nothing answered
SELECT CASE
         WHEN r.source_kind = 'eval' THEN 'eval_traffic'
         WHEN r.source_kind <> 'production' OR r.probe THEN 'not_user_traffic'
         WHEN r.status IN ('error', 'timeout') THEN 'no_answer'
         ELSE 'inner_call'
       END AS reason,
       count(DISTINCT r.request_key) AS n
FROM requests r
ANTI JOIN user_requests($as_of) u ON u.request_key = r.request_key
WHERE r.available_at <= $as_of AND NOT r.duplicate
  AND r.ts >= $from_ts AND r.ts < $until_ts
  AND (len($features::VARCHAR[]) = 0 OR list_contains($features::VARCHAR[], r.feature))
  AND r.request_key IN (SELECT unnest($keys::UBIGINT[]))
GROUP BY reason
ORDER BY reason;
