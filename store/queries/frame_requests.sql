-- one row per user request made in [$start, $until) as known at $as_of
-- ($features NULL: every feature), in no order (the caller sorts, which is cheaper there):
-- who asked, its topic and tenure, what its signals say, and its outcome with both its times.
-- Tenure is what was sent, else time since the user was first seen, unless the store's history
-- is too young to tell; `tenure_days` is NULL where it is unknown. What is stamped over 7 days before
-- $start is not looked at: it speaks of older requests, unless a clock is that wrong.
WITH history AS (
  SELECT min(ts) AS began FROM requests WHERE available_at <= $as_of
),
seen AS (
  SELECT user_id, min(ts) AS first_ts
  FROM requests
  WHERE available_at <= $as_of AND user_id IS NOT NULL AND tenure_days IS NULL
  GROUP BY user_id
),
asked AS (
  SELECT feature, request_key, request_id, ts, status, response, session_id, user_id, tenure_days,
         expected_outcome
  FROM user_requests($as_of)
  WHERE ts >= $start AND ts < $until AND ($features::VARCHAR[] IS NULL OR feature IN (SELECT unnest($features::VARCHAR[])))
)
SELECT r.feature, r.request_key, epoch_us(r.ts) AS ts_us,
       hash(coalesce('u' || r.user_id, 's' || r.session_id, 'r' || r.request_id)) AS cluster,
       coalesce(t.topic_id, 'unembedded') AS topic_id,
       CASE
         WHEN r.tenure_days IS NOT NULL THEN r.tenure_days
         WHEN seen.first_ts >= history.began + INTERVAL 30 DAY
           OR r.ts > seen.first_ts + INTERVAL 30 DAY
           THEN epoch(r.ts - seen.first_ts) / 86400
       END AS tenure_days,
       r.status = 'refused' AS refused, ln(1 + length(r.response)) AS log_length,
       coalesce(s.score, 0) AS score, coalesce(s.rated, false) AS rated,
       coalesce(s.friction, false) AS friction, coalesce(s.gave_rating, false) AS gave_rating,
       coalesce(s.retry, false) AS retry, coalesce(s.rephrase, false) AS rephrase,
       coalesce(s.copy, false) AS copy, coalesce(s.accept, false) AS accept,
       coalesce(s.edit, false) AS edit, coalesce(s.edit_ratio, 0) AS edit_ratio,
       coalesce(s.abandon, false) AS abandon, coalesce(s.escalate, false) AS escalate,
       coalesce(s.regenerate, false) AS regenerate, coalesce(s.undo, false) AS undo,
       coalesce(s.thumbs_up, false) AS thumbs_up, coalesce(s.thumbs_down, false) AS thumbs_down,
       ln(1 + greatest(s.dwell_s, 0)) AS log_dwell,
       o.y, epoch_us(o.outcome_ts) AS outcome_us,
       epoch_us(o.outcome_available_at) AS outcome_available_us,
       epoch_us(o.first_outcome_ts) AS first_outcome_us,
       epoch_us(o.first_available_at) AS first_available_us,
       r.expected_outcome IS NOT NULL AS stated,
       ((r.expected_outcome ->> '$.silence') = 'failure')::DOUBLE AS silence_fails,
       (r.expected_outcome ->> '$.window_days')::DOUBLE AS window_days
FROM asked r
CROSS JOIN history
LEFT JOIN seen ON seen.user_id = r.user_id
LEFT JOIN latest_topics_since($start, $as_of) t ON t.request_key = r.request_key
LEFT JOIN signal_scores_since($start::TIMESTAMP - INTERVAL 7 DAY, $as_of) s ON s.request_key = r.request_key
LEFT JOIN request_outcomes_since($start::TIMESTAMP - INTERVAL 7 DAY, $as_of, $outcome_values) o
  ON o.request_key = r.request_key;
