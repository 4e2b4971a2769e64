-- one row per change announced in [$since, $as_of), oldest first; no feature means all of them
SELECT ts, feature, artifact, name, "from" AS "before", "to" AS "after", ref
FROM changes
WHERE available_at <= $as_of AND NOT duplicate AND ts >= $since AND ts < $as_of
ORDER BY ts, artifact, name, event_id;
