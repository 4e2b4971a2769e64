-- one row: since when requests of a feature with a text lack a topic; NULL when none does
SELECT min(r.available_at) AS since
FROM user_requests($as_of) r
ANTI JOIN (
  SELECT request_key FROM request_topics WHERE feature = $feature AND as_of <= $as_of
) t ON t.request_key = r.request_key
WHERE r.feature = $feature AND r.text_key IS NOT NULL
