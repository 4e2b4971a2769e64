-- one row per staged dead letter that the same place and bytes have not given before
INSERT INTO dead_letters (
  dead_letter_id, topic, partition, "offset", kind, reason, field, message, value, altered,
  digest, size_bytes, available_at, seen_at, state
)
SELECT s.dead_letter_id, s.topic, s.partition, s."offset", s.kind, s.reason, s.field, s.message,
       s.value, s.altered, s.digest, s.size_bytes, s.available_at, s.seen_at, s.state
FROM staged_letters s
WHERE NOT EXISTS (
  SELECT 1 FROM dead_letters d
  WHERE d.topic = s.topic AND d.partition = s.partition AND d."offset" = s."offset"
    AND d.reason = s.reason AND d.digest = s.digest AND d.size_bytes = s.size_bytes
)
QUALIFY row_number() OVER (
  PARTITION BY s.topic, s.partition, s."offset", s.reason, s.digest, s.size_bytes
  ORDER BY s.dead_letter_id
) = 1
ORDER BY s.dead_letter_id;
