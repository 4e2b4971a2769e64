-- one row per staged candidate that neither was written before, nor sent, nor (abandon) is contradicted
WITH given AS (
  SELECT request_key, signal, weight
  FROM request_signals_since($from, $as_of)
  SEMI JOIN candidates USING (request_key)
)
SELECT c.event_id, c.signal, c.request_id, c.session_id, c.ts
FROM candidates c
WHERE NOT EXISTS (
    SELECT 1 FROM given g
    WHERE g.request_key = c.request_key
      AND (g.signal = c.signal OR (c.signal = 'abandon' AND g.weight > 0))
  )
  AND md5_number_lower(c.event_id) NOT IN (
    SELECT event_key FROM signals WHERE source = 'derived' AND ts >= $from
  )
ORDER BY c.ts, c.event_id;
