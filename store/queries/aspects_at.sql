-- one row per (feature, aspect) whose section was kept at $as_of
SELECT feature, aspect, facts
FROM aspects
WHERE as_of = $as_of
ORDER BY feature, aspect;
