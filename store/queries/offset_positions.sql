-- one row per (topic, partition): how far it was read and the largest event time in it
SELECT topic, partition, next_offset, epoch_us(max_ts) AS max_ts_us FROM offsets
ORDER BY topic, partition;
