-- one row per finding known at $as_of ($feature and $kind NULL: all): how it was last written
SELECT finding_id, arg_max(findings, as_of) AS finding
FROM findings
WHERE as_of <= $as_of
  AND ($feature::VARCHAR IS NULL OR feature = $feature)
  AND ($kind::VARCHAR IS NULL OR kind = $kind)
GROUP BY finding_id
ORDER BY substr(finding_id, 3)::BIGINT
