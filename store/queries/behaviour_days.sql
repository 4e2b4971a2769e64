-- one row per day (its first instant, one of $edges), cell, behaviour version and kind of traffic of
-- $feature: requests of [$since, $as_of) as known at $as_of, and sums of what their answers are like.
-- The cell is a user request's topic ('unembedded' without one) and a probe's text. A version is written
-- as in pseudo_of_weeks; those beyond the 50 most used are 'others'. Length and tokens (logarithms, as
-- latency) leave refusals out
WITH edges AS (
  SELECT unnest($edges::TIMESTAMP[]) AS start
),
asked AS (
  SELECT request_key, ts, false AS probe, text_key, status, response, format_valid, latency_ms,
         output_tokens, tool_calls, model_resolved, adapter, versions
  FROM user_requests($as_of)
  WHERE feature = $feature AND ts >= $since AND ts < $as_of
  UNION ALL
  SELECT request_key, ts, true AS probe, text_key, status, response, format_valid, latency_ms,
         output_tokens, tool_calls, model_resolved, adapter, versions
  FROM requests
  WHERE feature = $feature AND ts >= $since AND ts < $as_of AND available_at <= $as_of
    AND NOT duplicate AND probe AND status IN ('ok', 'refused', 'fallback')
),
told AS (
  SELECT request_key, ts, probe, text_key, status = 'refused' AS refused, format_valid,
         tool_calls IS NOT NULL AS states_tools,
         CASE WHEN status <> 'refused' THEN ln(1 + length(response)) END AS length,
         CASE WHEN status <> 'refused' THEN ln(1 + greatest(output_tokens, 0)) END AS tokens,
         ln(greatest(latency_ms, 1)) AS latency,
         concat_ws(chr(31), coalesce(model_resolved, ''), coalesce(adapter, ''),
                   coalesce(versions, '')) AS version
  FROM asked
),
common AS (
  SELECT version
  FROM told
  GROUP BY version
  ORDER BY count(*) DESC, version
  LIMIT 50
),
placed AS (
  SELECT request_key, arg_max(topic_id, as_of) AS topic_id
  FROM request_topics
  WHERE feature = $feature AND as_of <= $as_of
    AND request_key IN (SELECT request_key FROM told WHERE NOT probe)
  GROUP BY request_key
),
merged AS (
  SELECT topic_id, arg_max(value, as_of) AS into_id
  FROM topic_edits
  WHERE action = 'merge' AND feature = $feature AND as_of <= $as_of
  GROUP BY topic_id
)
SELECT edges.start, told.probe,
       CASE WHEN told.probe THEN coalesce(told.text_key::VARCHAR, '')
            ELSE coalesce(merged.into_id, placed.topic_id, 'unembedded') END AS cell,
       coalesce(common.version, 'others') AS version,
       count(*) AS n, count(*) FILTER (told.refused) AS refusal,
       count(told.format_valid) AS format_n, count(*) FILTER (told.format_valid) AS format,
       count(*) FILTER (told.states_tools) AS tools_n,
       count(told.length) AS length_n, coalesce(sum(told.length), 0) AS length,
       coalesce(sum(told.length ** 2), 0) AS length_sq,
       count(told.latency) AS latency_n, coalesce(sum(told.latency), 0) AS latency,
       coalesce(sum(told.latency ** 2), 0) AS latency_sq,
       count(told.tokens) AS tokens_n, coalesce(sum(told.tokens), 0) AS tokens,
       coalesce(sum(told.tokens ** 2), 0) AS tokens_sq
FROM told
ASOF JOIN edges ON told.ts >= edges.start
LEFT JOIN common ON common.version = told.version
LEFT JOIN placed ON placed.request_key = told.request_key
LEFT JOIN merged ON merged.topic_id = placed.topic_id
GROUP BY ALL
ORDER BY ALL;
