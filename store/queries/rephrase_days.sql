-- one row per UTC day with answers that a request available since $since may have asked again
SELECT DISTINCT day
FROM (
  SELECT unnest([ts::DATE, (ts - INTERVAL 10 MINUTE)::DATE]) AS day
  FROM requests
  WHERE session_id IS NOT NULL AND available_at > $since AND available_at <= $as_of
)
ORDER BY day
