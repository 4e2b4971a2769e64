-- one row per request that has a topic at as_of_: the newest assignment counts; a topic that was
-- merged into another one by then is read as that one
-- Of latest_topics_since only requests of the day of from_ and later are looked at.
CREATE OR REPLACE MACRO latest_topics_since(from_, as_of_) AS TABLE
WITH newest AS (
  SELECT request_key,
         arg_max(feature, as_of) AS feature,
         arg_max(topic_id, as_of) AS topic_id,
         arg_max(similarity, as_of) AS similarity
  FROM request_topics
  WHERE day >= from_::DATE AND as_of <= as_of_
  GROUP BY request_key
),
merged AS (
  SELECT feature, topic_id, arg_max(value, as_of) AS into_id
  FROM topic_edits
  WHERE action = 'merge' AND as_of <= as_of_
  GROUP BY feature, topic_id
)
SELECT n.request_key, coalesce(m.into_id, n.topic_id) AS topic_id, n.similarity
FROM newest n
LEFT JOIN merged m ON m.feature = n.feature AND m.topic_id = n.topic_id;
CREATE OR REPLACE MACRO latest_topics(as_of_) AS TABLE
SELECT * FROM latest_topics_since('-infinity'::TIMESTAMP, as_of_);
