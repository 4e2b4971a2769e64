-- one row per finding that somebody acknowledged before $as_of
SELECT DISTINCT finding_id FROM acknowledgements WHERE ts <= $as_of ORDER BY finding_id;
