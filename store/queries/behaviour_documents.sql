-- one row per day (its first instant, one of $edges) of user requests of $feature in [$since, $as_of) whose
-- documents say when they were indexed or written: how many, the 10 %, 50 % and 90 % quantile of the time of
-- indexing (seconds since 1970) and the median age in days
WITH edges AS (
  SELECT unnest($edges::TIMESTAMP[]) AS start
),
asked AS (
  SELECT ts, json_extract_string(retrieved, '$[*].indexed_at') AS indexed,
         json_extract_string(retrieved, '$[*].doc_updated_at') AS written
  FROM user_requests($as_of)
  WHERE feature = $feature AND ts >= $since AND ts < $as_of AND retrieved IS NOT NULL
),
said AS (
  SELECT ts, epoch(TRY_CAST(unnest(indexed) AS TIMESTAMP)) AS indexed_s, NULL::DOUBLE AS age_days
  FROM asked
  UNION ALL
  SELECT ts, NULL::DOUBLE AS indexed_s,
         epoch(ts - TRY_CAST(unnest(written) AS TIMESTAMP)) / 86400 AS age_days
  FROM asked
)
SELECT edges.start, count(said.indexed_s) AS n_indexed, count(said.age_days) AS n_ages,
       quantile_cont(said.indexed_s, 0.1) AS low_s, quantile_cont(said.indexed_s, 0.5) AS middle_s,
       quantile_cont(said.indexed_s, 0.9) AS high_s, quantile_cont(said.age_days, 0.5) AS age_days
FROM said
ASOF JOIN edges ON said.ts >= edges.start
GROUP BY edges.start
ORDER BY edges.start;
