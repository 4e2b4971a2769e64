-- at most one row: a model's calibration as last made at or before $as_of
SELECT model_id, like_model_id, as_of, n_texts, n_pairs, cuts
FROM calibrations
WHERE model_id = $model_id AND as_of <= $as_of
ORDER BY as_of DESC, n_texts DESC
LIMIT 1
