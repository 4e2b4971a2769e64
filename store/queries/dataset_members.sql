-- one row per version that holds an example, oldest first
SELECT name, version, kind, row_sha256, request_ids, subjects, row
FROM dataset_rows
WHERE example_id = $example_id
ORDER BY name, length(version), version;
