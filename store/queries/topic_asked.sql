-- one row per (week, person, text) of a feature, and up to three per text by nobody in particular:
-- the first requests of each; of more than $rows requests about as many are read, drawn by person;
-- `vector` is NULL where the text has none yet
WITH weeks AS (
  SELECT unnest($starts::TIMESTAMP[]) AS start, unnest($ends::TIMESTAMP[]) AS stop
),
asked AS MATERIALIZED (
  SELECT r.request_key, r.request_id, r.text_key, r.ts, w.start,
         coalesce(r.user_id, r.session_id) AS voter
  FROM user_requests($as_of) r ASOF JOIN weeks w ON r.ts >= w.start
  WHERE r.feature = $feature AND r.ts >= $first AND r.ts < w.stop AND r.text_key IS NOT NULL
),
voters AS (
  SELECT voter, md5_number_lower(voter) AS voter_key
  FROM (SELECT DISTINCT voter FROM asked WHERE voter IS NOT NULL)
),
drawn AS (
  SELECT a.request_key, a.request_id, a.text_key, a.ts, a.start, v.voter_key
  FROM asked a
  LEFT JOIN voters v ON v.voter = a.voter
  WHERE coalesce(v.voter_key, a.request_key)::DOUBLE
    <= 18446744073709551616.0 * $rows / (SELECT count(*) FROM asked)
  QUALIFY row_number() OVER (PARTITION BY start, voter_key, text_key ORDER BY ts, request_id)
    <= CASE WHEN voter_key IS NULL THEN 3 ELSE 1 END
)
SELECT d.request_key, d.text_key, d.start, d.voter_key AS voter, v.vector
FROM drawn d
LEFT JOIN vectors v ON v.text_key = d.text_key AND v.model_id = $model_id
ORDER BY d.ts, d.request_id
