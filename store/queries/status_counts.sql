-- one row per event kind: rows, newest event time, newest arrival
SELECT 'request' AS kind, count(*) AS n, max(ts) AS newest FROM requests
UNION ALL SELECT 'signal', count(*), max(ts) FROM signals WHERE source_id IS DISTINCT FROM 'decayd'
UNION ALL SELECT 'outcome', count(*), max(ts) FROM outcomes
UNION ALL SELECT 'change', count(*), max(ts) FROM changes
UNION ALL SELECT 'eval', count(*), max(ts) FROM evals
UNION ALL SELECT 'label', count(*), max(ts) FROM labels
UNION ALL SELECT 'consent', count(*), max(ts) FROM consents;
