-- one row: the largest number that a finding has, 0 when there is none
SELECT coalesce(max(substr(finding_id, 3)::BIGINT), 0) AS number
FROM findings
