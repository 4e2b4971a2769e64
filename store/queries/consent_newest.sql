-- one row per user: the newest word on training known at $as_of; at the same instant a refusal wins
SELECT user_id,
       arg_max(state, (ts, state <> 'granted', event_id)) AS state,
       arg_max(coalesce(scope, 'all'), (ts, state <> 'granted', event_id)) AS scope,
       max(ts) AS ts,
       max(available_at) AS available_at
FROM consents
WHERE purpose = 'training' AND available_at <= $as_of AND NOT duplicate
GROUP BY user_id
ORDER BY user_id;
