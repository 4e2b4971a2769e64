-- one row per request that has a topic at as_of_: the newest assignment counts
CREATE OR REPLACE MACRO latest_topics(as_of_) AS TABLE
SELECT request_key,
       arg_max(topic_id, as_of) AS topic_id,
       arg_max(similarity, as_of) AS similarity
FROM request_topics
WHERE as_of <= as_of_
GROUP BY request_key;
