-- one row per finding first found in [$since, $as_of): when it was found, first acknowledged and
-- first labelled (any of its requests), NULL where that did not happen by $as_of
WITH known AS (
  SELECT finding_id, as_of, feature, title, state, member_request_ids
  FROM findings
  WHERE as_of < $as_of
),
found AS (
  SELECT finding_id, min(as_of) AS found_at, arg_max(feature, as_of) AS feature,
         arg_max(title, as_of) AS title, arg_max(state, as_of) AS state
  FROM known
  GROUP BY finding_id
  HAVING min(as_of) >= $since
),
members AS (
  SELECT DISTINCT finding_id, unnest(member_request_ids) AS request_id FROM known
),
acknowledged AS (
  SELECT f.finding_id, min(a.ts) AS at_
  FROM found f
  JOIN acknowledgements a ON a.finding_id = f.finding_id
  WHERE a.ts >= f.found_at AND a.ts <= $as_of
  GROUP BY f.finding_id
),
labelled AS (
  SELECT f.finding_id, min(l.ts) AS at_
  FROM found f
  JOIN members m ON m.finding_id = f.finding_id
  JOIN labels l ON l.request_id = m.request_id
  WHERE l.ts >= f.found_at AND l.available_at <= $as_of AND NOT l.duplicate
  GROUP BY f.finding_id
)
SELECT f.finding_id, f.feature, f.title, f.state, f.found_at, a.at_ AS acknowledged_at,
       l.at_ AS labelled_at
FROM found f
LEFT JOIN acknowledged a ON a.finding_id = f.finding_id
LEFT JOIN labelled l ON l.finding_id = f.finding_id
ORDER BY f.found_at, substr(f.finding_id, 3)::BIGINT;
