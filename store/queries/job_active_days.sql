-- one row per UTC day from $since on which any request, signal or outcome became available
SELECT day
FROM (
  SELECT DISTINCT available_at::DATE AS day FROM requests WHERE available_at >= $since
  UNION
  SELECT DISTINCT available_at::DATE FROM signals WHERE available_at >= $since
  UNION
  SELECT DISTINCT available_at::DATE FROM outcomes WHERE available_at >= $since
)
ORDER BY day;
