-- one row per (name, version): its newest state; a withdrawal at the same instant wins
SELECT name, version,
       arg_max(state, (as_of, state = 'withdrawn', state = 'released')) AS state,
       min(as_of) AS as_of,
       any_value(manifest_sha256) AS manifest_sha256,
       any_value(n_rows) AS n_rows
FROM datasets
GROUP BY name, version
ORDER BY name, min(as_of), version;
