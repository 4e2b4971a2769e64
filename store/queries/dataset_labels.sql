-- one row per (request, annotator): that person's newest label that nothing supersedes at $as_of
WITH known AS (
  SELECT request_key, event_id, ts, annotator, label, corrected_text, supersedes
  FROM labels
  WHERE available_at <= $as_of AND NOT duplicate
)
SELECT request_key, event_id, ts, annotator, label, corrected_text
FROM known
WHERE event_id NOT IN (SELECT supersedes FROM known WHERE supersedes IS NOT NULL)
QUALIFY row_number() OVER (PARTITION BY request_key, annotator ORDER BY ts DESC, event_id DESC) = 1
ORDER BY ts, event_id;
