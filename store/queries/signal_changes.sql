-- one row per change of $feature, or of all features, announced in [$since, $until) as known at $as_of
SELECT event_id, ts, artifact, name, "from" AS "before", "to" AS "after"
FROM changes
WHERE available_at <= $as_of AND NOT duplicate AND ts >= $since AND ts < $until
  AND (feature IS NULL OR feature = '' OR feature = $feature)
ORDER BY ts, event_id;
