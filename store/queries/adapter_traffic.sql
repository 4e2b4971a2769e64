-- one row per (adapter, model that answered) of production requests and probes of $feature in
-- [$since, $as_of) as known at $as_of, the 200 most used: how many, how many from $newest on, when it was first
-- and last seen, and three of the newest requests
SELECT adapter, coalesce(model_resolved, '') AS base, count(*) AS n,
       count(*) FILTER (ts >= $newest::TIMESTAMP) AS n_newest,
       min(ts) AS first_ts, max(ts) AS last_ts, max_by(request_id, (ts, request_id), 3) AS request_ids
FROM requests
WHERE feature = $feature AND available_at <= $as_of AND NOT duplicate
  AND ts >= $since AND ts < $as_of AND (source_kind = 'production' OR probe)
  AND adapter IS NOT NULL AND adapter <> ''
GROUP BY adapter, base
ORDER BY n DESC, adapter, base
LIMIT 200;
