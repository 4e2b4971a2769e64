-- one row per event table: how many events decayd was sent, and a sum over their contents that does
-- not depend on their order. Left out are `available_at`, which says when and not what, and what
-- jobs added: the mark `duplicate` and derived signals.
SELECT 'requests' AS name, count(*) AS n, sum(md5_number_lower(e::VARCHAR)::HUGEINT)::VARCHAR AS total
FROM (SELECT * EXCLUDE (available_at, duplicate) FROM requests) e
UNION ALL
SELECT 'signals', count(*), sum(md5_number_lower(e::VARCHAR)::HUGEINT)::VARCHAR
FROM (
  SELECT * EXCLUDE (available_at, duplicate) FROM signals
  WHERE source IS DISTINCT FROM 'derived' OR source_id IS DISTINCT FROM 'decayd'
) e
UNION ALL
SELECT 'outcomes', count(*), sum(md5_number_lower(e::VARCHAR)::HUGEINT)::VARCHAR
FROM (SELECT * EXCLUDE (available_at, duplicate) FROM outcomes) e
UNION ALL
SELECT 'changes', count(*), sum(md5_number_lower(e::VARCHAR)::HUGEINT)::VARCHAR
FROM (SELECT * EXCLUDE (available_at, duplicate) FROM changes) e
UNION ALL
SELECT 'evals', count(*), sum(md5_number_lower(e::VARCHAR)::HUGEINT)::VARCHAR
FROM (SELECT * EXCLUDE (available_at, duplicate) FROM evals) e
UNION ALL
SELECT 'labels', count(*), sum(md5_number_lower(e::VARCHAR)::HUGEINT)::VARCHAR
FROM (SELECT * EXCLUDE (available_at, duplicate) FROM labels) e
UNION ALL
SELECT 'consents', count(*), sum(md5_number_lower(e::VARCHAR)::HUGEINT)::VARCHAR
FROM (SELECT * EXCLUDE (available_at, duplicate) FROM consents) e
ORDER BY name;
