-- one row per finding known at $as_of: the week it was first about
SELECT finding_id, arg_min(week, as_of) AS first_week
FROM findings
WHERE as_of <= $as_of
GROUP BY finding_id
ORDER BY finding_id;
