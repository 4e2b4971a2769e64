-- one row per model with vectors of texts of $keys, the one with most of them first
SELECT model_id, count(*) AS n_texts
FROM vectors
WHERE text_key IN (SELECT unnest($keys::UBIGINT[]))
GROUP BY model_id
ORDER BY n_texts DESC, model_id
