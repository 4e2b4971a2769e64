-- one row per finding about one of $topic_ids of a feature, as known at $as_of
SELECT finding_id, arg_max(kind, as_of) AS kind, arg_max(week, as_of) AS week,
       arg_max(title, as_of) AS title, arg_max(state, as_of) AS state
FROM findings
WHERE feature = $feature AND as_of <= $as_of
GROUP BY finding_id
HAVING list_contains($topic_ids::VARCHAR[], arg_max(topic_id, as_of))
ORDER BY substr(finding_id, 3)::BIGINT
