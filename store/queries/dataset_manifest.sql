-- one row: the manifest of a version
SELECT manifest, manifest_sha256
FROM datasets
WHERE name = $name AND version = $version AND manifest IS NOT NULL
ORDER BY as_of
LIMIT 1;
