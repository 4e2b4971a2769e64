-- one row per (feature, topic): user requests of the spans [start, stop) of each feature
WITH spans AS (
  SELECT unnest($features::VARCHAR[]) AS feature, unnest($starts::TIMESTAMP[]) AS start,
         unnest($stops::TIMESTAMP[]) AS stop
),
asked AS (
  SELECT r.feature, r.request_key
  FROM user_requests($as_of) r
  JOIN spans s ON s.feature = r.feature AND r.ts >= s.start AND r.ts < s.stop
)
SELECT a.feature, coalesce(t.topic_id, 'unembedded') AS topic_id, count(*) AS n
FROM asked a
LEFT JOIN latest_topics($as_of) t ON t.request_key = a.request_key
GROUP BY ALL
ORDER BY ALL;
