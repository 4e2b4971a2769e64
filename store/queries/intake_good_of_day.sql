-- one row per kind of events: how many that came in became available in ($since, $as_of]
SELECT 'request' AS kind, count(*) AS n
FROM requests WHERE available_at > $since AND available_at <= $as_of
UNION ALL
SELECT 'signal', count(*)
FROM signals
WHERE available_at > $since AND available_at <= $as_of AND source_id IS DISTINCT FROM 'decayd'
UNION ALL
SELECT 'outcome', count(*)
FROM outcomes WHERE available_at > $since AND available_at <= $as_of
UNION ALL
SELECT 'change', count(*)
FROM changes WHERE available_at > $since AND available_at <= $as_of
UNION ALL
SELECT 'eval', count(*)
FROM evals WHERE available_at > $since AND available_at <= $as_of
UNION ALL
SELECT 'label', count(*)
FROM labels WHERE available_at > $since AND available_at <= $as_of
UNION ALL
SELECT 'consent', count(*)
FROM consents WHERE available_at > $since AND available_at <= $as_of;
