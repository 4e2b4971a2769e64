-- one row per example of a version in canonical order
SELECT example_id, row_sha256, row
FROM dataset_rows
WHERE name = $name AND version = $version
ORDER BY example_id;
