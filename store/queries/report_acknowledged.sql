-- one row per finding that somebody acknowledged before $as_of, if it was put off: until then
SELECT finding_id
FROM acknowledgements
WHERE ts <= $as_of
GROUP BY finding_id
HAVING coalesce(arg_max_null(until, ts) > $as_of, true)
ORDER BY finding_id;
