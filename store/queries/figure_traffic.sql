-- one row per production request of any status made in [$start, $as_of) as known at $as_of,
-- by feature and time
SELECT feature, epoch_us(ts) AS ts_us, status, latency_ms
FROM requests
WHERE available_at <= $as_of AND ts >= $start AND ts < $as_of
  AND NOT duplicate AND source_kind = 'production' AND NOT probe
ORDER BY feature, ts_us, request_key;
