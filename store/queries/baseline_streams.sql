-- one row: how many features have a success baseline accepted before $as_of
SELECT count(DISTINCT feature) AS n_streams
FROM baselines
WHERE kind = 'success' AND as_of < $as_of;
