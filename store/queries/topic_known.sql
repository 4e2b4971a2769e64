-- one row per topic of a feature (or `style`) whose finding counts as known at $as_of, because it
-- was accepted or put off last and that still holds: its share when that was said
WITH said AS (
  SELECT finding_id, max(ts) AS ts, arg_max(action, ts) AS action, arg_max_null(until, ts) AS until
  FROM acknowledgements
  WHERE ts <= $as_of
  GROUP BY finding_id
)
SELECT coalesce(arg_max(f.topic_id, f.as_of), 'style') AS subject,
       coalesce(arg_max((f.body ->> '$.now.value')::DOUBLE, f.as_of), 0) AS share
FROM findings f
JOIN said s ON s.finding_id = f.finding_id AND f.as_of <= s.ts
WHERE f.feature = $feature AND s.action IN ('accept', 'defer')
  AND (s.until IS NULL OR s.until > $as_of)
  AND (f.topic_id IS NOT NULL OR f.kind = 'style_shifted')
GROUP BY f.finding_id
ORDER BY subject
