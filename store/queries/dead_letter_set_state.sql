-- changes the state of one dead letter
UPDATE dead_letters SET state = $state WHERE dead_letter_id = $dead_letter_id;
