-- one row per topic incident of a feature that is not closed at $as_of
SELECT incident_id, stream, min(onset) AS onset
FROM incidents
WHERE feature = $feature AND starts_with(stream, 'topic:') AND as_of <= $as_of
GROUP BY incident_id, stream
HAVING arg_max(state, as_of) <> 'closed'
ORDER BY incident_id
