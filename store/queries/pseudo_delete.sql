-- forgets the pseudo-outcomes of one week of a feature, to be appended anew
DELETE FROM pseudo_outcomes WHERE feature = $feature AND week = $week;
