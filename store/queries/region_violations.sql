-- one row per region outside of $allowed that served production requests of $feature, of any status
-- and at any depth of a call, in [$start, $as_of) as known at $as_of: how many (and since $week_start),
-- when first and last, and the ids of the newest; those without a region are a row with region ''
SELECT coalesce(region, '') AS region, count(*) AS n,
       count(*) FILTER (ts >= $week_start) AS n_week, min(ts) AS first_ts, max(ts) AS last_ts,
       list(request_id ORDER BY ts DESC, request_id)[1:$examples] AS request_ids
FROM requests
WHERE feature = $feature AND ts >= $start AND ts < $as_of AND available_at <= $as_of
  AND NOT duplicate AND source_kind = 'production' AND NOT probe
  AND NOT list_contains($allowed::VARCHAR[], coalesce(region, ''))
GROUP BY coalesce(region, '')
ORDER BY region;
