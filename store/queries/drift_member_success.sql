-- at most two rows: requests of $topic_id or of $keys, and the rest, of the up to four newest weeks
-- from $since on that were estimated before $as_of: mean of psi and its standard error by person
WITH estimated AS (
  SELECT p.request_key, p.week, p.psi, p.labelled,
         coalesce('u' || r.user_id, 's' || r.session_id, 'r' || r.request_id) AS person,
         coalesce(t.topic_id = $topic_id, false)
           OR p.request_key IN (SELECT unnest($keys::UBIGINT[])) AS member
  FROM pseudo_outcomes p
  JOIN requests r ON r.request_key = p.request_key AND r.feature = p.feature AND NOT r.duplicate
  LEFT JOIN latest_topics($as_of) t ON t.request_key = p.request_key
  WHERE p.feature = $feature AND p.as_of < $as_of AND p.week >= $since
  QUALIFY dense_rank() OVER (ORDER BY p.week DESC) <= 4
),
people AS (
  SELECT member, person, sum(psi) AS total, count(*) AS n,
         count(*) FILTER (labelled) AS n_labels, list(DISTINCT week) AS weeks
  FROM estimated
  GROUP BY member, person
),
sides AS (
  SELECT member, sum(total) / sum(n) AS value, sum(n) AS n, sum(n_labels) AS n_labels,
         list_sort(list_distinct(flatten(list(weeks)))) AS weeks
  FROM people
  GROUP BY member
)
SELECT s.member, s.value, s.n::BIGINT AS n, s.n_labels::BIGINT AS n_labels, s.weeks,
       sqrt(sum((p.total - p.n * s.value) ** 2)) / s.n AS se
FROM sides s
JOIN people p ON p.member = s.member
GROUP BY s.member, s.value, s.n, s.n_labels, s.weeks
ORDER BY s.member DESC
