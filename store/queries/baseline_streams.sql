-- one row: how many streams can page at $as_of: success of each feature with a baseline accepted
-- before, and signals of each feature that has none of success
WITH accepted AS (
  SELECT DISTINCT feature, kind FROM baselines WHERE as_of < $as_of
)
SELECT count(*) AS n_streams
FROM accepted
WHERE kind = 'success'
   OR (kind IN ('satisfaction', 'friction')
       AND feature NOT IN (SELECT feature FROM accepted WHERE kind = 'success'));
