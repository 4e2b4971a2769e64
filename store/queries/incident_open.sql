-- one row: the incident of a feature's stream that is open at $as_of
SELECT incident_id, arg_max(state, as_of) AS state, min(as_of) AS opened_at,
       arg_max(onset, as_of) AS onset, arg_max(details, as_of) AS details
FROM incidents
WHERE feature = $feature AND stream = $stream AND as_of <= $as_of
GROUP BY incident_id
HAVING arg_max(state, as_of) <> 'closed'
ORDER BY opened_at DESC
LIMIT 1;
