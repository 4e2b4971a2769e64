-- one row per (feature, topic) as last written at or before $as_of
SELECT feature, topic_id, arg_max(label, as_of) AS label, arg_max(examples, as_of) AS examples,
       arg_max(first_week, as_of) AS first_week, arg_max(state, as_of) AS state,
       arg_max(model_id, as_of) AS model_id
FROM topics
WHERE as_of <= $as_of
GROUP BY feature, topic_id
ORDER BY feature, topic_id;
