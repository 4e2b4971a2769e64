-- one row per request of $feature in $weeks whose pseudo-outcome was estimated at or before $as_of:
-- who asked, its topic as known at $as_of, psi, and its influence on its week's mean
SELECT p.week, hash(coalesce('u' || r.user_id, 's' || r.session_id, 'r' || r.request_id)) AS cluster,
       coalesce(t.topic_id, 'unembedded') AS topic_id, p.psi, p.influence, p.labelled
FROM pseudo_outcomes p
JOIN requests r ON r.request_key = p.request_key AND r.feature = p.feature AND NOT r.duplicate
LEFT JOIN latest_topics($as_of) t ON t.request_key = p.request_key
WHERE p.feature = $feature AND p.week IN (SELECT unnest($weeks::DATE[])) AND p.as_of <= $as_of
ORDER BY p.week, r.ts, p.request_key;
