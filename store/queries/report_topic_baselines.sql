-- one row per feature: the weeks of the topics baseline that counts at $as_of
SELECT feature, arg_max(weeks, version) AS weeks
FROM baselines
WHERE kind = 'topics' AND as_of <= $as_of
GROUP BY feature
ORDER BY feature;
