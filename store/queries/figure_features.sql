-- one row per feature with production requests as known at $as_of: its first and last request and
-- the longest window in which a request expects its outcome (days, NULL where none states one)
SELECT feature, min(ts) AS first_ts, max(ts) AS last_ts,
       max((expected_outcome ->> '$.window_days')::DOUBLE) AS window_days
FROM requests
WHERE available_at <= $as_of AND ts < $as_of
  AND NOT duplicate AND source_kind = 'production' AND NOT probe
GROUP BY feature
ORDER BY feature;
