-- one row: how many distinct inputs the registered eval items of $feature have at $as_of
SELECT count(DISTINCT input_key) AS n
FROM eval_items
WHERE feature = $feature AND available_at <= $as_of;
