-- one row per user request as known at as_of_: what counts is said in docs/statistics.md
CREATE OR REPLACE MACRO user_requests(as_of_) AS TABLE
SELECT *
FROM requests
WHERE available_at <= as_of_
  AND NOT duplicate
  AND source_kind = 'production'
  AND NOT probe
  AND status IN ('ok', 'refused', 'fallback')
  AND (route IS NULL OR (route ->> '$.parent_request_id') IS NULL);
