-- one row per finding open at $as_of: since when without a break, and the newest thing that somebody
-- decided since, NULL where nobody did
WITH known AS (
  SELECT finding_id, as_of, feature, title, severity, state FROM findings WHERE as_of <= $as_of
),
spells AS (
  SELECT finding_id, arg_max(feature, as_of) AS feature, arg_max(title, as_of) AS title,
         arg_max(severity, as_of) AS severity, arg_max(state, as_of) AS state,
         coalesce(max(as_of) FILTER (state = 'closed'), '-infinity'::TIMESTAMP) AS closed_at
  FROM known
  GROUP BY finding_id
),
opened AS (
  SELECT s.finding_id, any_value(s.feature) AS feature, any_value(s.title) AS title,
         any_value(s.severity) AS severity, min(k.as_of) AS opened_at
  FROM spells s
  JOIN known k ON k.finding_id = s.finding_id AND k.as_of > s.closed_at
  WHERE s.state = 'open'
  GROUP BY s.finding_id
)
SELECT o.finding_id, o.feature, o.title, o.severity, o.opened_at,
       arg_max(a.action, a.ts) AS action, arg_max(a.actor, a.ts) AS actor,
       arg_max_null(a.until, a.ts) AS until
FROM opened o
LEFT JOIN acknowledgements a
  ON a.finding_id = o.finding_id AND a.ts >= o.opened_at AND a.ts <= $as_of
GROUP BY o.finding_id, o.feature, o.title, o.severity, o.opened_at
ORDER BY o.opened_at, substr(o.finding_id, 3)::BIGINT;
