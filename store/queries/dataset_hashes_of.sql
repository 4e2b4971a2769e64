-- one row per example of a version: what tells two versions apart
SELECT example_id, row_sha256
FROM dataset_rows
WHERE name = $name AND version = $version
ORDER BY example_id;
