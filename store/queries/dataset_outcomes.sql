-- one row per request with a labelled outcome since $from_ts, as known at $as_of
SELECT request_key, y, outcome, outcome_id, outcome_ts
FROM request_outcomes($as_of, $outcome_values)
WHERE outcome_ts >= $from_ts
ORDER BY request_key;
