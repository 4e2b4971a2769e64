-- one row per training set: its newest version at $as_of and what its manifest counts
WITH versions AS (
  SELECT name, version, min(as_of) AS made, arg_max(state, (as_of, state = 'withdrawn')) AS state,
         arg_max(n_rows, as_of) AS n_rows, any_value(manifest) AS manifest
  FROM datasets
  WHERE as_of <= $as_of
  GROUP BY name, version
)
SELECT name, version, made, state, n_rows,
       (manifest ->> '$.config.features')::VARCHAR AS features,
       (manifest ->> '$.config.weeks')::INTEGER AS weeks,
       (manifest ->> '$.counts')::VARCHAR AS counts,
       (manifest ->> '$.rejects')::VARCHAR AS rejects
FROM versions
QUALIFY made = max(made) OVER (PARTITION BY name)
ORDER BY name, version;
