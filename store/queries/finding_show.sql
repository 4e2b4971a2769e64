-- one row: a finding as last appended, with the request ids it rests on
SELECT finding_id, kind, feature, as_of, week, title, severity, state, topic_id, incident_id, body,
       member_request_ids
FROM findings
WHERE finding_id = $finding_id
ORDER BY as_of DESC
LIMIT 1;
