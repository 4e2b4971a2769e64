-- one row: from where to where news can be sent, and counts that tell whether there may be any
SELECT
  (SELECT count(*) FROM findings) AS n_findings,
  (SELECT count(*) FROM reports) AS n_reports,
  (SELECT max(as_of) FROM job_runs WHERE job = $close) AS last_close,
  (SELECT value::TIMESTAMP FROM store_info WHERE name = 'watermark') AS watermark,
  (SELECT value::TIMESTAMP FROM store_info WHERE name = 'first_live_at') AS first_live_at,
  (SELECT max(as_of) FROM deliveries WHERE state = 'silent') AS silent_until;
