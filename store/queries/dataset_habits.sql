-- one row per (feature, topic) of the period: how often it is refused and how often it retrieves
SELECT r.feature, t.topic_id,
       avg((r.status = 'refused')::INTEGER) AS refused_share,
       avg((r.retrieved IS NOT NULL AND r.retrieved <> '[]')::INTEGER) AS retrieved_share
FROM user_requests($as_of) r
LEFT JOIN latest_topics($as_of) t ON t.request_key = r.request_key
WHERE r.ts >= $from_ts AND r.ts < $until_ts
GROUP BY r.feature, t.topic_id
ORDER BY r.feature, t.topic_id;
