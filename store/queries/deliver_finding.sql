-- one row: a finding as it was at $as_of, since when it is open, the stream of its incident
SELECT f.finding_id, f.kind, f.feature, f.as_of, f.week, f.title, f.severity, f.state, f.topic_id,
       f.incident_id, f.body, len(f.member_request_ids) AS n_members,
       f.member_request_ids[1:$examples] AS members,
       (SELECT min(e.as_of) FROM findings e WHERE e.finding_id = f.finding_id) AS first_as_of,
       (SELECT arg_max(o.severity, o.as_of) FROM findings o
        WHERE o.finding_id = f.finding_id AND o.as_of < $open_until AND o.state = 'open')
         AS open_severity,
       (SELECT max(i.stream) FROM incidents i WHERE i.incident_id = f.incident_id) AS stream
FROM findings f
WHERE f.finding_id = $finding_id AND f.as_of <= $as_of
ORDER BY f.as_of DESC
LIMIT 1;
