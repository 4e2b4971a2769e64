-- adds one named fact about the store
INSERT INTO store_info (name, value) VALUES ($name, $value);
