-- one row: the largest number that an incident has, 0 when there is none
SELECT coalesce(max(substr(incident_id, 3)::BIGINT), 0) AS number
FROM incidents
