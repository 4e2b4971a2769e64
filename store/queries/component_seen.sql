-- one row per (kind, name, version) that production requests of [$since, $as_of) name as what they
-- went through, as known at $as_of: requests, features, first and last time. Kinds are model,
-- adapter, region, tool, and version, where the name is a key of the versions map
WITH alike AS (
  SELECT feature, model_resolved, adapter, region, versions, count(*) AS n, min(ts) AS first_ts,
         max(ts) AS last_ts,
         list_sort(list_distinct(json_extract_string(tool_calls, '$[*].name'))) AS tools
  FROM requests
  WHERE ts >= $since AND ts < $as_of AND available_at <= $as_of AND NOT duplicate
    AND source_kind = 'production'
  GROUP BY feature, model_resolved, adapter, region, versions,
           list_sort(list_distinct(json_extract_string(tool_calls, '$[*].name')))
),
named AS (
  SELECT 'model' AS kind, model_resolved AS name, '' AS version, feature, n, first_ts, last_ts
  FROM alike
  UNION ALL
  SELECT 'adapter', adapter, '', feature, n, first_ts, last_ts
  FROM alike
  UNION ALL
  SELECT 'region', region, '', feature, n, first_ts, last_ts
  FROM alike
  UNION ALL
  SELECT 'tool', unnest(tools), '', feature, n, first_ts, last_ts
  FROM alike
  UNION ALL
  SELECT 'version', e.key, coalesce(e.value ->> '$', ''), a.feature, a.n, a.first_ts, a.last_ts
  FROM alike a, json_each(a.versions) e
)
SELECT kind, name, version, sum(n)::BIGINT AS n, list_sort(list(DISTINCT feature)) AS features,
       min(first_ts) AS first_ts, max(last_ts) AS last_ts
FROM named
WHERE name <> ''
GROUP BY kind, name, version
ORDER BY n DESC, kind, name, version;
