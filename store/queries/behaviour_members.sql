-- one row per request of $feature (probes or users' by $probe) in [$since, $until) as known at $as_of: refused
-- ones first when $refused, then the newest, 20 at most
SELECT request_id
FROM requests
WHERE feature = $feature AND available_at <= $as_of AND NOT duplicate AND probe = $probe
  AND (probe OR source_kind = 'production')
  AND ts >= $since AND ts < $until AND status IN ('ok', 'refused', 'fallback')
ORDER BY ($refused AND status = 'refused') DESC, ts DESC, request_id
LIMIT 20;
