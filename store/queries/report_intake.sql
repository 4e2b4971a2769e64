-- one row: events of [$start, $as_of) that were sent to decayd, and the newest event time
SELECT
  (SELECT count(*) FROM requests
   WHERE available_at <= $as_of AND ts >= $start AND ts < $as_of AND NOT duplicate) AS n_requests,
  (SELECT count(*) FROM signals
   WHERE available_at <= $as_of AND ts >= $start AND ts < $as_of AND NOT duplicate
     AND source_id IS DISTINCT FROM 'decayd') AS n_signals,
  (SELECT count(*) FROM outcomes
   WHERE available_at <= $as_of AND ts >= $start AND ts < $as_of AND NOT duplicate) AS n_outcomes,
  (SELECT count(*) FROM gaps WHERE available_at >= $start AND available_at < $as_of) AS n_gaps,
  (SELECT max(ts) FROM requests WHERE available_at <= $as_of) AS newest_event;
