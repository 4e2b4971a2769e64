-- one row per day (its first instant, one of $edges), cell, kind of traffic and tool of $feature: requests of
-- [$since, $as_of) as known at $as_of that called it; cells as in behaviour_days, the 12 most used tools
WITH edges AS (
  SELECT unnest($edges::TIMESTAMP[]) AS start
),
asked AS (
  SELECT request_key, ts, false AS probe, text_key, tool_calls
  FROM user_requests($as_of)
  WHERE feature = $feature AND ts >= $since AND ts < $as_of AND tool_calls IS NOT NULL
  UNION ALL
  SELECT request_key, ts, true AS probe, text_key, tool_calls
  FROM requests
  WHERE feature = $feature AND ts >= $since AND ts < $as_of AND available_at <= $as_of
    AND NOT duplicate AND probe AND status IN ('ok', 'refused', 'fallback')
    AND tool_calls IS NOT NULL
),
called AS (
  SELECT request_key, ts, probe, text_key,
         unnest(list_distinct(json_extract_string(tool_calls, '$[*].name'))) AS tool
  FROM asked
),
common AS (
  SELECT tool
  FROM called
  GROUP BY tool
  ORDER BY count(*) DESC, tool
  LIMIT 12
),
placed AS (
  SELECT request_key, arg_max(topic_id, as_of) AS topic_id
  FROM request_topics
  WHERE feature = $feature AND as_of <= $as_of
    AND request_key IN (SELECT request_key FROM called WHERE NOT probe)
  GROUP BY request_key
),
merged AS (
  SELECT topic_id, arg_max(value, as_of) AS into_id
  FROM topic_edits
  WHERE action = 'merge' AND feature = $feature AND as_of <= $as_of
  GROUP BY topic_id
)
SELECT edges.start, called.probe,
       CASE WHEN called.probe THEN coalesce(called.text_key::VARCHAR, '')
            ELSE coalesce(merged.into_id, placed.topic_id, 'unembedded') END AS cell,
       called.tool, count(*) AS n
FROM called
JOIN common ON common.tool = called.tool
ASOF JOIN edges ON called.ts >= edges.start
LEFT JOIN placed ON placed.request_key = called.request_key
LEFT JOIN merged ON merged.topic_id = placed.topic_id
GROUP BY ALL
ORDER BY ALL;
