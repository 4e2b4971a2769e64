-- one row per feature: production requests of [$start, $as_of), and how many lack an optional field
SELECT feature, count(*) AS n,
       count(*) FILTER (user_id IS NULL) AS user_id,
       count(*) FILTER (session_id IS NULL) AS session_id,
       count(*) FILTER (latency_ms IS NULL) AS latency_ms,
       count(*) FILTER (model_resolved IS NULL) AS model_resolved,
       count(*) FILTER (versions IS NULL) AS versions,
       count(*) FILTER (region IS NULL) AS region,
       count(*) FILTER (retrieved IS NULL) AS retrieved,
       count(*) FILTER (cost_usd IS NULL) AS cost_usd
FROM requests
WHERE available_at <= $as_of AND ts >= $start AND ts < $as_of
  AND NOT duplicate AND source_kind = 'production' AND NOT probe
GROUP BY feature
ORDER BY feature;
