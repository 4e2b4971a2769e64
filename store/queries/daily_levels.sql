-- one row per day of $feature in the weeks $weeks (Mondays): its $metric beside how many requests were
-- made and how many carry a signal, as read at the close of its week
SELECT day,
       any_value(n) FILTER (metric = $metric) AS n,
       any_value(value) FILTER (metric = $metric) AS value,
       any_value(n) FILTER (metric = 'friction') AS n_requests,
       any_value(n) FILTER (metric = 'satisfaction') AS n_rated
FROM daily_figures
WHERE feature = $feature AND as_of <= $as_of
  AND date_trunc('week', day)::DATE IN (SELECT unnest($weeks::DATE[]))
GROUP BY day
ORDER BY day;
