-- Facts about the database itself, one row each. The store makes the table before any migration.

-- :name store_meta_put :write :exec
INSERT INTO store_meta (key, value) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
