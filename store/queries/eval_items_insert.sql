-- one row per staged eval item that its (suite, version, item) is not registered for yet
INSERT INTO eval_items (
  suite, suite_version, feature, item_id, available_at, input, expected, input_key
)
SELECT s.suite, s.suite_version, s.feature, s.item_id, make_timestamp(s.available_us), s.input,
       s.expected, s.input_key
FROM staged_items s
WHERE NOT EXISTS (
  SELECT 1 FROM eval_items e
  WHERE e.suite = s.suite AND e.suite_version = s.suite_version AND e.item_id = s.item_id
    AND e.input = s.input
)
QUALIFY row_number() OVER (
  PARTITION BY s.suite, s.suite_version, s.item_id, s.input ORDER BY s.available_us, s.expected
) = 1;
