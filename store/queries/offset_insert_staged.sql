-- one row per staged position
INSERT INTO offsets (topic, partition, next_offset, max_ts, updated_at)
SELECT topic, partition, next_offset, make_timestamp(max_ts_us), $updated_at
FROM staged_positions;
