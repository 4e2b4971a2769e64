-- one row per (index, embedder) that user requests of $feature made in [$since, $as_of) name in
-- `versions`, the most frequent first; NULL where they name none
SELECT versions ->> '$.index' AS index_version, versions ->> '$.embedder' AS embedder,
       count(*) AS n, arg_max(request_id, ts) AS request_id
FROM user_requests($as_of)
WHERE feature = $feature AND ts >= $since AND ts < $as_of
GROUP BY ALL
ORDER BY n DESC, index_version, embedder;
