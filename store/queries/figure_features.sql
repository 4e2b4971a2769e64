-- one row per feature with production requests as known at $as_of: how many, the first, the UTC days
-- that have any, and the longest window in which one expects its outcome (days, else NULL)
SELECT feature, count(*) AS n_requests, min(ts) AS first_ts, list(DISTINCT day) AS days,
       max((expected_outcome ->> '$.window_days')::DOUBLE) AS window_days
FROM requests
WHERE available_at <= $as_of AND ts < $as_of
  AND NOT duplicate AND source_kind = 'production' AND NOT probe
GROUP BY feature
ORDER BY feature;
