-- one row per target: how many messages were sent, wait and failed for good, and the newest error
WITH newest AS (
  SELECT target, message_key, state, tried_at
  FROM deliveries
  WHERE state <> 'silent'
  QUALIFY row_number() OVER (PARTITION BY target, message_key ORDER BY attempt DESC) = 1
)
SELECT n.target,
       count(*) FILTER (n.state = 'sent') AS sent,
       count(*) FILTER (n.state IN ('waiting', 'retry', 'unreachable')) AS waiting,
       count(*) FILTER (n.state = 'failed') AS failed,
       max(n.tried_at) FILTER (n.state = 'sent') AS last_sent_at,
       (SELECT arg_max(d.error, d.tried_at) FROM deliveries d
        WHERE d.target = n.target AND d.error <> '') AS last_error
FROM newest n
GROUP BY n.target
ORDER BY n.target;
