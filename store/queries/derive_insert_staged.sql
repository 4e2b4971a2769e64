-- one row per staged derived signal
INSERT INTO signals (
  event_id, event_key, day, ts, available_at, v, duplicate, signal, request_id, request_key,
  session_id, source, source_id
)
SELECT event_id, md5_number_lower(event_id), ts::DATE, ts, $as_of, 1, false, signal, request_id,
       md5_number_lower(request_id), session_id, 'derived', 'decayd'
FROM staged_signals
ORDER BY ts, event_id;
