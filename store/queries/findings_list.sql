-- one row per finding, as last appended, newest first
SELECT finding_id, arg_max(kind, as_of) AS kind, arg_max(feature, as_of) AS feature,
       min(as_of) AS first_seen, max(as_of) AS as_of, arg_max(week, as_of) AS week,
       arg_max(title, as_of) AS title, arg_max(severity, as_of) AS severity,
       arg_max(state, as_of) AS state, arg_max(topic_id, as_of) AS topic_id,
       arg_max(incident_id, as_of) AS incident_id,
       len(arg_max(member_request_ids, as_of)) AS n_members
FROM findings
WHERE ($feature = '' OR feature = $feature)
GROUP BY finding_id
ORDER BY max(as_of) DESC, finding_id DESC;
