-- one row per behaviour version of $feature (written as in pseudo_of_weeks) that answered users before $as_of:
-- when it was first and last seen and in how many requests, the 200 newest
SELECT concat_ws(chr(31), coalesce(model_resolved, ''), coalesce(adapter, ''),
                 coalesce(versions, '')) AS version,
       min(ts) AS first_ts, max(ts) AS last_ts, count(*) AS n
FROM user_requests($as_of)
WHERE feature = $feature AND ts < $as_of
GROUP BY version
ORDER BY first_ts DESC, version
LIMIT 200;
