-- one row per request with a labelled outcome at as_of_: the latest one wins.
-- y is the outcome's `success`, else its value in outcome_values_ (JSON of [outcomes] in the
-- config), else the event is no label. An outcome with only a session belongs to the session's
-- latest request at or before it.
-- Of request_outcomes_since only outcomes with ts >= from_ are looked at.
CREATE OR REPLACE MACRO request_outcomes_since(from_, as_of_, outcome_values_) AS TABLE
WITH known AS (
  SELECT o.event_id, o.ts, o.available_at, o.outcome, o.request_key, o.session_id,
         coalesce(o.success::DOUBLE, configured.value::DOUBLE) AS y
  FROM outcomes o
  LEFT JOIN json_each(outcome_values_::JSON) AS configured ON configured.key = o.outcome
  WHERE o.ts >= from_ AND available_at <= as_of_ AND NOT duplicate
),
asked AS (  -- one per instant, so that a tie does not depend on the order of arrival
  SELECT max(request_key) AS request_key, session_id, ts
  FROM requests
  WHERE available_at <= as_of_ AND NOT duplicate
    AND session_id IN (SELECT session_id FROM known WHERE request_key IS NULL)
  GROUP BY session_id, ts
),
joined AS (
  SELECT request_key, event_id, ts, available_at, outcome, y
  FROM known
  WHERE y IS NOT NULL AND request_key IS NOT NULL
  UNION ALL
  SELECT a.request_key, k.event_id, k.ts, k.available_at, k.outcome, k.y
  FROM known k ASOF JOIN asked a ON k.session_id = a.session_id AND k.ts >= a.ts
  WHERE k.y IS NOT NULL AND k.request_key IS NULL
)
SELECT request_key,
       arg_max(y, (ts, event_id)) AS y,
       arg_max(outcome, (ts, event_id)) AS outcome,
       arg_max(event_id, (ts, event_id)) AS outcome_id,
       max(ts) AS outcome_ts,
       arg_max(available_at, (ts, event_id)) AS outcome_available_at,
       arg_min(ts, (available_at, ts)) AS first_outcome_ts,
       min(available_at) AS first_available_at
FROM joined
GROUP BY request_key;
CREATE OR REPLACE MACRO request_outcomes(as_of_, outcome_values_) AS TABLE
SELECT * FROM request_outcomes_since('-infinity'::TIMESTAMP, as_of_, outcome_values_);
