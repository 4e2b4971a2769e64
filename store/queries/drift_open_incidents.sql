-- one row per incident about a topic or the style of a feature that is not closed at $as_of; it
-- belongs to the stream of its newest row, since a merge hands it over
SELECT incident_id, arg_max(stream, as_of) AS stream, min(onset) AS onset
FROM incidents
WHERE feature = $feature AND (starts_with(stream, 'topic:') OR stream = 'style') AND as_of <= $as_of
GROUP BY incident_id
HAVING arg_max(state, as_of) <> 'closed'
ORDER BY incident_id
