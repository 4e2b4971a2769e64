-- one row per week of $weeks and behaviour version (model, adapter and versions map as sent):
-- measured requests of $feature, as estimated at or before $as_of
SELECT p.week,
       concat_ws(chr(31), coalesce(r.model_resolved, ''), coalesce(r.adapter, ''),
                 coalesce(r.versions, '')) AS version,
       count(*) AS n
FROM pseudo_outcomes p
JOIN requests r ON r.request_key = p.request_key AND r.feature = p.feature AND NOT r.duplicate
WHERE p.feature = $feature AND p.week IN (SELECT unnest($weeks::DATE[])) AND p.as_of <= $as_of
GROUP BY p.week, version
ORDER BY p.week, version;
