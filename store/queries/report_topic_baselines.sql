-- one row per feature: weeks and embedding model of the topics baseline that counts at $as_of
SELECT feature, arg_max(weeks, version) AS weeks,
       arg_max(details ->> '$.model_id', version) AS model_id
FROM baselines
WHERE kind = 'topics' AND as_of <= $as_of
GROUP BY feature
ORDER BY feature;
