-- one row per topic with requests in the up to four newest weeks that were estimated by $as_of: mean
-- of psi and its standard error by person, and the same of all other requests of those weeks
WITH newest AS (
  SELECT DISTINCT week
  FROM pseudo_outcomes
  WHERE feature = $feature AND as_of <= $as_of
  ORDER BY week DESC
  LIMIT 4
),
estimated AS (
  SELECT coalesce(t.topic_id, 'unembedded') AS topic_id, p.psi, p.labelled,
         coalesce('u' || r.user_id, 's' || r.session_id, 'r' || r.request_id) AS person
  FROM pseudo_outcomes p
  JOIN requests r ON r.request_key = p.request_key AND r.feature = p.feature AND NOT r.duplicate
  LEFT JOIN latest_topics($as_of) t ON t.request_key = p.request_key
  WHERE p.feature = $feature AND p.as_of <= $as_of AND p.week IN (SELECT week FROM newest)
),
mine AS (
  SELECT topic_id, person, sum(psi) AS total, count(*) AS n,
         count(*) FILTER (labelled) AS n_labels
  FROM estimated
  GROUP BY topic_id, person
),
people AS (
  SELECT person, sum(total) AS total, sum(n)::BIGINT AS n
  FROM mine
  GROUP BY person
),
whole AS (
  SELECT sum(total) AS total, sum(n)::BIGINT AS n, sum(total * total) AS tt, sum(total * n) AS tn,
         sum(n * n) AS nn, (SELECT sum(n_labels) FROM mine) AS n_labels
  FROM people
),
rates AS (
  SELECT m.topic_id, sum(m.n) AS n, sum(m.n_labels) AS n_labels, sum(m.total) / sum(m.n) AS value,
         w.n - sum(m.n) AS rest_n, w.n_labels - sum(m.n_labels) AS rest_n_labels,
         CASE WHEN w.n > sum(m.n) THEN (w.total - sum(m.total)) / (w.n - sum(m.n)) END AS rest_value
  FROM mine m
  CROSS JOIN whole w
  GROUP BY m.topic_id, w.n, w.n_labels, w.total
)
SELECT r.topic_id, r.n::BIGINT AS n, r.n_labels::BIGINT AS n_labels, r.value,
       sqrt(sum((m.total - m.n * r.value) ** 2)) / r.n AS se, r.rest_n::BIGINT AS rest_n,
       r.rest_n_labels::BIGINT AS rest_n_labels, r.rest_value,
       sqrt(greatest(0, w.tt - 2 * r.rest_value * w.tn + r.rest_value ** 2 * w.nn
         - sum((p.total - p.n * r.rest_value) ** 2)
         + sum((p.total - m.total - (p.n - m.n) * r.rest_value) ** 2)
       )) / r.rest_n AS rest_se
FROM rates r
JOIN mine m ON m.topic_id = r.topic_id
JOIN people p ON p.person = m.person
CROSS JOIN whole w
GROUP BY r.topic_id, r.n, r.n_labels, r.value, r.rest_n, r.rest_n_labels, r.rest_value, w.tt, w.tn,
         w.nn
ORDER BY r.topic_id
