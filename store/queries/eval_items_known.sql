-- one row per registered eval item (suite, version, item) known at $as_of
SELECT suite, suite_version, item_id, input, expected, input_key
FROM eval_items
WHERE available_at <= $as_of
ORDER BY suite, suite_version, item_id, input_key;
