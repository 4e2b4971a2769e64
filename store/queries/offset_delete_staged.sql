-- removes the positions that are about to be written again
DELETE FROM offsets o
WHERE EXISTS (
  SELECT 1 FROM staged_positions s WHERE s.topic = o.topic AND s.partition = o.partition
);
