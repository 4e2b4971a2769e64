-- one row: the largest number given to an incident (0 without one)
SELECT coalesce(max(substr(incident_id, 3)::BIGINT), 0) AS last_number
FROM incidents;
