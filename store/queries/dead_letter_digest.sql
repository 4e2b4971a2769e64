-- one row: by what the original of a dead letter is known again
SELECT digest FROM dead_letters WHERE dead_letter_id = $dead_letter_id;
