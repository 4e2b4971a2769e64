-- one row per named fact about the store
SELECT name, value FROM store_info ORDER BY name;
