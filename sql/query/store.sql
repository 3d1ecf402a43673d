-- Facts about the database itself, one row each. The store makes the table before any migration.

-- :name store_meta_get :read :one
SELECT value FROM store_meta WHERE key = $1;

-- :name store_meta_put :write :exec
INSERT INTO store_meta (key, value) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- :name store_meta_add :write :exec
-- Changes nothing where the key has a value already.
INSERT INTO store_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING;
