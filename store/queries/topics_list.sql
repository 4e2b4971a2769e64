-- one row per (feature, topic), as last appended
SELECT feature, topic_id, max(version) AS version, arg_max(label, as_of) AS label,
       arg_max(state, as_of) AS state, arg_max(reference_share, as_of) AS reference_share,
       min(first_week) AS first_week, arg_max(examples, as_of) AS examples,
       arg_max(model_id, as_of) AS model_id
FROM topics
WHERE ($feature = '' OR feature = $feature)
GROUP BY feature, topic_id
ORDER BY feature, topic_id;
