-- one row per text of $keys that has a vector of this model
SELECT text_key, vector
FROM vectors
WHERE model_id = $model_id AND text_key IN (SELECT unnest($keys::UBIGINT[]))
ORDER BY text_key
