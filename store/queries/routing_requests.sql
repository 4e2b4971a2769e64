-- one row per request of $feature whose pseudo-outcome of a week since $first was estimated at or
-- before $as_of: who asked, its topic, the route that it took, what it cost and the chance that its
-- router had given that route; ordered by time
WITH chosen AS (
  SELECT p.week, p.topic_id, p.psi, p.labelled, r.ts, r.request_key, r.request_id, r.user_id,
         r.session_id, r.route, r.model_resolved, r.cost_usd, r.routing_propensity
  FROM pseudo_outcomes p
  JOIN requests r ON r.request_key = p.request_key AND NOT r.duplicate
  WHERE r.feature = $feature AND p.feature = $feature AND p.week >= $first AND p.as_of <= $as_of
    AND r.available_at <= $as_of
)
SELECT c.week, c.request_id, coalesce(t.topic_id, c.topic_id) AS topic_id, c.psi, c.labelled,
       hash(coalesce('u' || c.user_id, 's' || c.session_id, 'r' || c.request_id)) AS cluster,
       coalesce(c.route ->> '$.policy', '') AS policy, coalesce(c.route ->> '$.tier', '') AS tier,
       coalesce(c.model_resolved, '') AS model, c.cost_usd, c.routing_propensity
FROM chosen c
LEFT JOIN latest_topics_since($since, $as_of) t ON t.request_key = c.request_key
ORDER BY c.ts, c.request_key;
