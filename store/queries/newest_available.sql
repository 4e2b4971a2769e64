-- one row: the newest moment at which anything became available, NULL when nothing is stored
SELECT max(available_at) AS newest
FROM (
  SELECT max(available_at) AS available_at FROM requests
  UNION ALL SELECT max(available_at) FROM signals
  UNION ALL SELECT max(available_at) FROM outcomes
  UNION ALL SELECT max(available_at) FROM labels
  UNION ALL SELECT max(available_at) FROM consents
);
