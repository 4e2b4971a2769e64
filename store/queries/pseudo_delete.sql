-- forgets the pseudo-outcomes of some weeks of a feature, to be appended anew
DELETE FROM pseudo_outcomes WHERE feature = $feature AND week IN (SELECT unnest($weeks::DATE[]));
