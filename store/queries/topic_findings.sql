-- one row per finding of one kind of a feature at $as_of: how it was last written, without members
SELECT finding_id, topic_id, arg_max(state, as_of) AS state
FROM findings
WHERE feature = $feature AND kind = $kind AND as_of <= $as_of
GROUP BY finding_id, topic_id
ORDER BY finding_id
