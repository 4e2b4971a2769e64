-- one row: just after everything that was known, computed or edited so far, NULL in an empty store
SELECT max(known) + INTERVAL 1 MICROSECOND AS as_of
FROM (
  SELECT value::TIMESTAMP AS known FROM store_info WHERE name = 'watermark'
  UNION ALL SELECT max(as_of) FROM job_runs
  UNION ALL SELECT max(as_of) FROM alarm_states
  UNION ALL SELECT max(as_of) FROM topics
  UNION ALL SELECT max(as_of) FROM baselines
  UNION ALL SELECT max(as_of) FROM findings
  UNION ALL SELECT max(as_of) FROM topic_edits
  UNION ALL SELECT max(ts) FROM acknowledgements
)
