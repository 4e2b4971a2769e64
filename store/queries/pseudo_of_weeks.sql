-- one row per request of $feature in $weeks whose pseudo-outcome was estimated at or before $as_of:
-- who asked, its topic as known at $as_of, psi and its influence on its week's mean, and what else
-- may tell requests apart; tenure is found as in frame_requests, NULL where it is unknown, and
-- document_days is the mean age of the documents that were retrieved, NULL where none says its age;
-- topics are read as latest_topics does, of one feature: the macro reads those of all
WITH chosen AS (
  SELECT p.week, p.psi, p.influence, p.labelled, r.ts, r.request_key, r.request_id, r.user_id,
         r.session_id, r.tenure_days, r.model_resolved, r.adapter, r.versions, r.segments,
         r.retrieved
  FROM pseudo_outcomes p
  JOIN requests r ON r.request_key = p.request_key AND NOT r.duplicate
  WHERE r.feature = $feature AND p.feature = $feature
    AND p.week IN (SELECT unnest($weeks::DATE[])) AND p.as_of <= $as_of
),
history AS (
  SELECT min(ts) AS began FROM requests WHERE available_at <= $as_of
),
seen AS (
  SELECT user_id, min(ts) AS first_ts
  FROM requests
  WHERE available_at <= $as_of AND tenure_days IS NULL
    AND user_id IN (SELECT user_id FROM chosen WHERE tenure_days IS NULL)
  GROUP BY user_id
),
placed AS (
  SELECT request_key, arg_max(topic_id, as_of) AS topic_id
  FROM request_topics
  WHERE feature = $feature AND as_of <= $as_of AND request_key IN (SELECT request_key FROM chosen)
  GROUP BY request_key
),
merged AS (
  SELECT topic_id, arg_max(value, as_of) AS into_id
  FROM topic_edits
  WHERE action = 'merge' AND feature = $feature AND as_of <= $as_of
  GROUP BY topic_id
)
SELECT c.week, c.request_key,
       hash(coalesce('u' || c.user_id, 's' || c.session_id, 'r' || c.request_id)) AS cluster,
       coalesce(merged.into_id, placed.topic_id, 'unembedded') AS topic_id,
       c.psi, c.influence, c.labelled,
       CASE
         WHEN c.tenure_days IS NOT NULL THEN c.tenure_days
         WHEN seen.first_ts >= history.began + INTERVAL 30 DAY
           OR c.ts > seen.first_ts + INTERVAL 30 DAY
           THEN epoch(c.ts - seen.first_ts) / 86400
       END AS tenure_days,
       concat_ws(chr(31), coalesce(c.model_resolved, ''), coalesce(c.adapter, ''),
                 coalesce(c.versions, '')) AS version,
       coalesce(c.segments, '') AS segments,
       CASE WHEN c.retrieved IS NOT NULL THEN list_avg(list_transform(
         json_extract_string(c.retrieved, '$[*].doc_updated_at'),
         lambda said: epoch(c.ts - TRY_CAST(said AS TIMESTAMP)))) / 86400
       END AS document_days
FROM chosen c
CROSS JOIN history
LEFT JOIN seen ON seen.user_id = c.user_id
LEFT JOIN placed ON placed.request_key = c.request_key
LEFT JOIN merged ON merged.topic_id = placed.topic_id
ORDER BY c.week, c.ts, c.request_key;
