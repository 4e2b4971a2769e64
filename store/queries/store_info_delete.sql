-- removes one named fact about the store
DELETE FROM store_info WHERE name = $name;
