-- one row per staged candidate whose answer has no rephrase yet and nothing positive before it
WITH given AS (
  SELECT request_key, signal, ts, weight
  FROM request_signals_since($from, $as_of)
  SEMI JOIN candidates USING (request_key)
)
SELECT c.event_id, c.signal, c.request_id, c.session_id, c.ts
FROM candidates c
WHERE NOT EXISTS (
    SELECT 1 FROM given g
    WHERE g.request_key = c.request_key
      AND (g.signal = c.signal OR (g.weight > 0 AND g.ts <= c.ts))
  )
  AND c.request_key NOT IN (
    SELECT request_key FROM signals
    WHERE source = 'derived' AND signal = 'rephrase' AND request_key IS NOT NULL AND ts >= $from
  )
ORDER BY c.ts, c.event_id
