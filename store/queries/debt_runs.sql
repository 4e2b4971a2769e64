-- one row per scored run of an eval suite of $feature, as known at $as_of, by suite and time
SELECT suite, suite_version, ts, score, n
FROM evals
WHERE available_at <= $as_of AND ts < $as_of AND NOT duplicate AND feature = $feature
  AND score IS NOT NULL AND isfinite(score)
ORDER BY suite, ts, event_id;
