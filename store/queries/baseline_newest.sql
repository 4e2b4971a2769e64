-- one row: the baseline of $kind that counts for $feature at $as_of
SELECT version, weeks, value, se, n, as_of, accepted_by, reason, details
FROM baselines
WHERE feature = $feature AND kind = $kind AND as_of <= $as_of
ORDER BY version DESC
LIMIT 1;
