-- one row: the user requests of $feature made in [$start, $until) as known at $as_of, and how many of
-- them carry each signal that speaks for an answer
WITH asked AS (
  SELECT request_key
  FROM user_requests($as_of)
  WHERE feature = $feature AND ts >= $start AND ts < $until
)
SELECT count(*) AS n,
       count(*) FILTER (WHERE s.copy) AS copy,
       count(*) FILTER (WHERE s.accept) AS accept,
       count(*) FILTER (WHERE s.thumbs_up) AS thumbs_up
FROM asked r
LEFT JOIN signal_scores_since($start::TIMESTAMP - INTERVAL 7 DAY, $as_of) s
  ON s.request_key = r.request_key;
