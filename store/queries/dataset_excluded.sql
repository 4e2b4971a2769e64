-- one row per reason: failed requests of the period that no user made, at $as_of
WITH evidence AS (
  SELECT request_key
  FROM request_signals($as_of)
  WHERE (weight < 0 AND signal <> 'abandon') OR signal = 'edit'
  UNION
  SELECT request_key FROM request_outcomes($as_of, $outcome_values) WHERE y = 0
  UNION
  SELECT request_key FROM labels WHERE available_at <= $as_of AND NOT duplicate
)
SELECT CASE
         WHEN r.source_kind = 'eval' THEN 'eval_traffic'
         WHEN r.source_kind <> 'production' OR r.probe THEN 'not_user_traffic'
         WHEN r.status IN ('error', 'timeout') THEN 'no_answer'
         ELSE 'inner_call'
       END AS reason,
       count(DISTINCT r.request_key) AS n
FROM requests r
SEMI JOIN evidence e ON e.request_key = r.request_key
ANTI JOIN user_requests($as_of) u ON u.request_key = r.request_key
WHERE r.available_at <= $as_of AND NOT r.duplicate
  AND r.ts >= $from_ts AND r.ts < $until_ts
  AND (len($features::VARCHAR[]) = 0 OR list_contains($features::VARCHAR[], r.feature))
GROUP BY reason
ORDER BY reason;
