-- one row: the time of the oldest production request known at $as_of; NULL without any
SELECT min(ts) AS began
FROM requests
WHERE available_at <= $as_of AND NOT duplicate AND source_kind = 'production';
