-- one row per finding of some kinds of a feature at $as_of: its topic (NULL for the style)
SELECT finding_id, arg_max(topic_id, as_of) AS topic_id
FROM findings
WHERE feature = $feature AND as_of <= $as_of
GROUP BY finding_id
HAVING list_contains($kinds::VARCHAR[], arg_max(kind, as_of))
ORDER BY finding_id
