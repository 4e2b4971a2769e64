-- one row per (signal event, request it speaks of) as known at as_of_, with its prior weight.
-- A signal with only a session belongs to the session's latest request at or before it.
-- An undo counts within 30 s of the request's accept or insert and then cancels it.
-- Of request_signals_since only signals with ts >= from_ are looked at.
CREATE OR REPLACE MACRO request_signals_since(from_, as_of_) AS TABLE
WITH known AS (
  SELECT event_id, ts, available_at, signal, request_key, session_id, value, text, source,
         source_id, actor_id, chosen, rejected
  FROM signals
  WHERE ts >= from_ AND available_at <= as_of_ AND NOT duplicate
),
asked AS (  -- one per instant, so that a tie does not depend on the order of arrival
  SELECT max(request_key) AS request_key, session_id, ts
  FROM requests
  WHERE available_at <= as_of_ AND NOT duplicate
    AND session_id IN (SELECT session_id FROM known WHERE request_key IS NULL)
  GROUP BY session_id, ts
),
joined AS (
  SELECT request_key, event_id, ts, available_at, signal, value, text, source, source_id, actor_id
  FROM known
  WHERE request_key IS NOT NULL AND signal <> 'preference'
  UNION ALL
  SELECT a.request_key, k.event_id, k.ts, k.available_at, k.signal, k.value, k.text, k.source,
         k.source_id, k.actor_id
  FROM known k ASOF JOIN asked a ON k.session_id = a.session_id AND k.ts >= a.ts
  WHERE k.request_key IS NULL AND k.signal <> 'preference'
  UNION ALL
  SELECT md5_number_lower(chosen), event_id, ts, available_at, 'preference_chosen', value, text,
         source, source_id, actor_id
  FROM known
  WHERE signal = 'preference' AND chosen IS NOT NULL
  UNION ALL
  SELECT md5_number_lower(rejected), event_id, ts, available_at, 'preference_rejected', value,
         text, source, source_id, actor_id
  FROM known
  WHERE signal = 'preference' AND rejected IS NOT NULL
),
undone AS (
  SELECT DISTINCT u.event_id AS undo_id, u.request_key, a.event_id AS accept_id
  FROM joined u
  JOIN joined a ON a.request_key = u.request_key
    AND a.signal IN ('accept', 'insert')
    AND u.ts BETWEEN a.ts AND a.ts + INTERVAL 30 SECOND
  WHERE u.signal = 'undo'
)
SELECT j.request_key, j.event_id, j.ts, j.available_at, j.signal, j.value, j.text, j.source,
       j.source_id, j.actor_id,
       CASE
         WHEN j.signal = 'undo' AND j.event_id NOT IN (SELECT undo_id FROM undone) THEN 0
         WHEN j.signal IN ('accept', 'insert')
           AND j.event_id IN (SELECT accept_id FROM undone) THEN 0
         WHEN j.signal = 'rating' AND j.value BETWEEN 1 AND 5 THEN (j.value - 3) / 2.5
         WHEN j.signal = 'edit' AND j.value IS NOT NULL
           THEN greatest(-0.7, 0.3 - least(greatest(j.value, 0), 0.6) / 0.6)
         WHEN j.signal IN ('rating', 'edit') THEN 0
         ELSE coalesce(p.prior, 0)
       END AS weight
FROM joined j
LEFT JOIN (VALUES
  ('thumbs_up', 0.8), ('thumbs_down', -0.8), ('report', -1.0), ('accept', 0.5), ('insert', 0.5),
  ('undo', -0.8), ('copy', 0.3), ('share', 0.3), ('regenerate', -0.5), ('retry', -0.5),
  ('preference_chosen', 0.5), ('preference_rejected', -0.5), ('rephrase', -0.6),
  ('correction', -0.6), ('escalate', -0.9), ('abandon', -0.3), ('frustration', -0.4),
  ('gratitude', 0.4), ('model_switch', -0.4), ('dismiss', -0.2), ('bypass', -0.7),
  ('feature_off', -0.7), ('stop', -0.4)
) AS p(signal, prior) ON p.signal = j.signal;

CREATE OR REPLACE MACRO request_signals(as_of_) AS TABLE
SELECT * FROM request_signals_since('-infinity'::TIMESTAMP, as_of_);
