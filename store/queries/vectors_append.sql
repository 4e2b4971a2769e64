-- appends one row per text of `embedded` that nobody embedded meanwhile
INSERT INTO vectors (text_key, model_id, scale, vector, text_cut, as_of)
SELECT e.text_key, e.model_id, e.scale, e.vector, e.text_cut, e.as_of
FROM embedded e
ANTI JOIN vectors v ON v.text_key = e.text_key AND v.model_id = e.model_id
ORDER BY e.text_key
