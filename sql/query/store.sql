-- Facts about the database itself, one row each. The store makes the table before any migration.

-- :name store_ready_put :write :exec
-- A time in digits, as many for the next centuries, so their bytes are in its order. It is written
-- when it is not of later than $3, or of a clock that was set back since.
INSERT INTO store_meta (key, value) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value
WHERE store_meta.value <= $3 OR store_meta.value > excluded.value;
