-- one row per answer that was asked again or left, of sessions with requests available since $since
WITH touched AS (
  SELECT session_id, min(ts) AS first_ts
  FROM requests
  WHERE session_id IS NOT NULL
    AND available_at <= $as_of
    AND available_at > $since::TIMESTAMP - INTERVAL 30 MINUTE
  GROUP BY session_id
),
asked AS (
  SELECT request_id, request_key, session_id, feature, ts, text_key,
         status IN ('ok', 'refused', 'fallback') AS answered
  FROM requests
  SEMI JOIN touched USING (session_id)
  WHERE ts >= (SELECT min(first_ts) - INTERVAL 30 MINUTE FROM touched)
    AND available_at <= $as_of
    AND NOT duplicate
    AND source_kind = 'production'
    AND NOT probe
    AND (route IS NULL OR (route ->> '$.parent_request_id') IS NULL)
),
followed AS (
  SELECT request_id, request_key, session_id, text_key, ts, answered,
         lead(ts) OVER (PARTITION BY session_id ORDER BY ts, request_id) AS next_ts,
         lead(ts) OVER (
           PARTITION BY session_id, feature, text_key ORDER BY ts, request_id
         ) AS next_same_ts
  FROM asked
),
found AS (
  SELECT 'retry' AS signal, request_id, request_key, session_id, next_same_ts AS ts, ts AS asked_at
  FROM followed
  WHERE answered
    AND text_key <> md5_number_lower('')
    AND next_same_ts <= ts + INTERVAL 10 MINUTE
  UNION ALL
  SELECT 'abandon', request_id, request_key, session_id, ts + INTERVAL 30 MINUTE, ts
  FROM followed
  WHERE answered
    AND ts + INTERVAL 30 MINUTE <= $as_of
    AND (next_ts IS NULL OR next_ts > ts + INTERVAL 30 MINUTE)
)
SELECT 'derived:' || signal || ':' || request_id AS event_id, signal, request_id, request_key,
       session_id, ts, asked_at
FROM found
ORDER BY ts, event_id;
