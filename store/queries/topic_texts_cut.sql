-- one row: a feature's requests of [$start, $until) with a vector of this model, and those of them
-- whose text is longer than the model reads
SELECT count(*) AS n, count(*) FILTER (v.text_cut) AS n_cut
FROM user_requests($as_of) r
JOIN vectors v ON v.text_key = r.text_key AND v.model_id = $model_id
WHERE r.feature = $feature AND r.ts >= $start AND r.ts < $until
