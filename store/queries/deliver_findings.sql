-- one row per appended row up to $until of each finding that is news after $since, or is in $told
SELECT finding_id, as_of, feature, severity, state, body
FROM findings
WHERE as_of <= $until
  AND finding_id IN (
    SELECT finding_id FROM findings WHERE as_of > $since AND as_of <= $until
    UNION
    SELECT unnest($told::VARCHAR[])
  )
ORDER BY substr(finding_id, 3)::BIGINT, as_of;
