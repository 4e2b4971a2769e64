-- one row: signals and outcomes of [$start, $until) as known at $as_of that were sent to decayd, and
-- how many of them belong to a request; only the requests and sessions that they name are looked up
WITH events AS MATERIALIZED (
  SELECT coalesce(request_key, md5_number_lower(coalesce(chosen, rejected))) AS request_key,
         session_id, ts
  FROM signals
  WHERE available_at <= $as_of AND ts >= $start AND ts < $until AND NOT duplicate
    AND source_id IS DISTINCT FROM 'decayd'
  UNION ALL
  SELECT request_key, session_id, ts
  FROM outcomes
  WHERE available_at <= $as_of AND ts >= $start AND ts < $until AND NOT duplicate
),
keys AS (
  SELECT DISTINCT request_key
  FROM requests
  WHERE available_at <= $as_of AND NOT duplicate
    AND request_key IN (SELECT request_key FROM events)
),
sessions AS (
  SELECT session_id, min(ts) AS first_ts
  FROM requests
  WHERE available_at <= $as_of AND NOT duplicate
    AND session_id IN (SELECT session_id FROM events WHERE request_key IS NULL)
  GROUP BY session_id
)
SELECT count(*) AS n,
       count(*) FILTER (
         CASE WHEN e.request_key IS NOT NULL THEN k.request_key IS NOT NULL
              ELSE coalesce(s.first_ts <= e.ts, false) END
       ) AS n_joined
FROM events e
LEFT JOIN keys k ON k.request_key = e.request_key
LEFT JOIN sessions s ON s.session_id = e.session_id;
