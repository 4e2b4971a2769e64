-- one row per production request of $feature, of any status, made in [$start, $as_of) as known at
-- $as_of: where it was served, where it came from, how fast, and its tokens; ordered by time
SELECT hash(coalesce('u' || user_id, 's' || session_id, 'r' || request_id)) AS cluster,
       coalesce(region, '') AS region, coalesce(origin_region, '') AS origin_region, status,
       latency_ms, ttft_ms, input_tokens, cached_tokens
FROM requests
WHERE feature = $feature AND ts >= $start AND ts < $as_of AND available_at <= $as_of
  AND NOT duplicate AND source_kind = 'production' AND NOT probe
ORDER BY ts, request_key;
