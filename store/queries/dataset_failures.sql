-- one row per user request of the period with evidence against its answer, as known at $as_of
WITH asked AS MATERIALIZED (
  SELECT request_key, request_id, event_id, feature, ts, query, response, messages, session_id,
         user_id, segments, status, finish_reason, format_valid, tool_calls, retrieved
  FROM user_requests($as_of)
  WHERE ts >= $from_ts AND ts < $until_ts
    AND (len($features::VARCHAR[]) = 0 OR list_contains($features::VARCHAR[], feature))
),
finals AS (
  SELECT request_key, session_id, ts
  FROM outcomes
  WHERE available_at <= $as_of AND NOT duplicate AND final_text IS NOT NULL
),
sessions AS (
  SELECT request_key, session_id, ts
  FROM requests
  WHERE available_at <= $as_of AND NOT duplicate AND session_id IS NOT NULL
),
evidence AS (
  SELECT request_key
  FROM request_signals($as_of)
  WHERE (weight < 0 AND signal <> 'abandon') OR signal = 'edit'
  UNION
  SELECT request_key FROM request_outcomes($as_of, $outcome_values) WHERE y = 0
  UNION
  SELECT request_key FROM finals WHERE request_key IS NOT NULL
  UNION
  SELECT s.request_key
  FROM (SELECT session_id, ts FROM finals WHERE request_key IS NULL) f
  ASOF JOIN sessions s ON s.session_id = f.session_id AND f.ts >= s.ts
  UNION
  SELECT request_key FROM labels WHERE available_at <= $as_of AND NOT duplicate
  UNION
  SELECT md5_number_lower(regenerates)
  FROM requests
  WHERE available_at <= $as_of AND NOT duplicate AND regenerates IS NOT NULL
)
SELECT a.request_key, a.request_id, a.feature, a.ts, a.query, a.response, a.messages,
       a.session_id, a.user_id, a.segments, a.status, a.finish_reason, a.format_valid,
       a.tool_calls, a.retrieved, t.topic_id, s.score, o.y, o.outcome, o.outcome_id, o.outcome_ts
FROM asked a
SEMI JOIN evidence e ON e.request_key = a.request_key
LEFT JOIN signal_scores($as_of) s ON s.request_key = a.request_key
LEFT JOIN request_outcomes($as_of, $outcome_values) o ON o.request_key = a.request_key
LEFT JOIN latest_topics($as_of) t ON t.request_key = a.request_key
QUALIFY row_number() OVER (PARTITION BY a.request_key ORDER BY a.ts, a.event_id) = 1
ORDER BY a.ts, a.request_id;
