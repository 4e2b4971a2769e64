-- one row per (finding, version of a training set) that was made in [$since, $as_of) and holds one
-- of the finding's requests, oldest first
WITH members AS (
  SELECT DISTINCT finding_id, unnest(member_request_ids) AS request_id
  FROM findings
  WHERE as_of < $as_of
),
versions AS (
  SELECT name, version, min(as_of) AS made
  FROM datasets
  WHERE as_of < $as_of
  GROUP BY name, version
  HAVING min(as_of) >= $since
),
used AS (
  SELECT DISTINCT v.name, v.version, v.made, unnest(d.request_ids) AS request_id
  FROM versions v
  JOIN dataset_rows d ON d.name = v.name AND d.version = v.version
)
SELECT DISTINCT m.finding_id, u.name, u.version, u.made
FROM used u
JOIN members m ON m.request_id = u.request_id
ORDER BY u.made, u.name, u.version, m.finding_id;
