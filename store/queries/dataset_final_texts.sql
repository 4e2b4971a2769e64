-- one row per (outcome event with a final text, request it speaks of), oldest first, at $as_of
WITH known AS (
  SELECT event_id, ts, outcome, request_key, session_id, final_text, actor_id
  FROM outcomes
  WHERE available_at <= $as_of AND NOT duplicate AND final_text IS NOT NULL
    AND ts >= $from_ts
),
sessions AS (
  SELECT request_key, session_id, ts
  FROM requests
  WHERE available_at <= $as_of AND NOT duplicate
    AND session_id IN (SELECT session_id FROM known WHERE request_key IS NULL)
)
SELECT request_key, event_id, ts, outcome, final_text AS text, actor_id
FROM known
WHERE request_key IS NOT NULL
UNION ALL
SELECT s.request_key, k.event_id, k.ts, k.outcome, k.final_text AS text, k.actor_id
FROM (SELECT * FROM known WHERE request_key IS NULL) k
ASOF JOIN sessions s ON s.session_id = k.session_id AND k.ts >= s.ts
ORDER BY ts, event_id, request_key;
