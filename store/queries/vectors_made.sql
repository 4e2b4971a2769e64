-- one row: how many texts were embedded with this model at $as_of
SELECT count(*) AS n
FROM vectors
WHERE model_id = $model_id AND as_of = $as_of
