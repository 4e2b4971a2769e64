-- one row: from where to where jobs can be due; NULL where nothing is known yet
SELECT
  (SELECT min(ts) FROM requests) AS first_ts,
  (SELECT max(as_of) FROM job_runs WHERE job = $close) AS last_close,
  (SELECT value::TIMESTAMP FROM store_info WHERE name = 'watermark') AS watermark,
  (SELECT value::TIMESTAMP FROM store_info WHERE name = 'first_live_at') AS first_live_at;
