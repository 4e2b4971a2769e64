-- one row per (week, person, text) of a feature, and up to three per text by nobody in particular:
-- the first requests of each; when there are more than $rows, about as many, drawn by person
WITH weeks AS (
  SELECT unnest($starts::TIMESTAMP[]) AS start, unnest($ends::TIMESTAMP[]) AS stop
),
asked AS (
  SELECT r.request_key, r.request_id, r.text_key, r.ts, w.start,
         coalesce(r.user_id, r.session_id) AS voter
  FROM user_requests($as_of) r ASOF JOIN weeks w ON r.ts >= w.start
  WHERE r.feature = $feature AND r.ts < w.stop
),
counting AS (
  SELECT *
  FROM asked
  QUALIFY row_number() OVER (PARTITION BY start, voter, text_key ORDER BY ts, request_id)
    <= CASE WHEN voter IS NULL THEN 3 ELSE 1 END
),
drawn AS (
  SELECT *
  FROM counting
  WHERE md5_number_lower(coalesce(voter, request_id))::DOUBLE
    <= 18446744073709551616.0 * $rows / (SELECT count(*) FROM counting)
)
SELECT d.request_key, d.text_key, d.start, md5_number_lower(d.voter) AS voter, v.vector, v.scale
FROM drawn d
JOIN vectors v ON v.text_key = d.text_key AND v.model_id = $model_id
ORDER BY d.ts, d.request_id
