-- Things that applications set up. Every look-up names account and service (attack 70).

-- :name item_insert :write :exec
INSERT INTO item (id, sid, account_id, service_id, parent_id, kind, name, data, created_at_ms,
    updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9);

-- :name item_by_sid :read :one
SELECT id, sid, account_id, service_id, parent_id, kind, name, data, created_at_ms, updated_at_ms
FROM item WHERE account_id = $1 AND service_id = $2 AND parent_id = $3 AND kind = $4 AND sid = $5;

-- :name item_by_name :read :one
SELECT id, sid, account_id, service_id, parent_id, kind, name, data, created_at_ms, updated_at_ms
FROM item WHERE account_id = $1 AND service_id = $2 AND parent_id = $3 AND kind = $4 AND name = $5;

-- :name item_by_hash :read :one
-- A token's row, whoever's it is: the name is a hash that nobody guesses.
SELECT id, sid, account_id, service_id, parent_id, kind, name, data, created_at_ms, updated_at_ms
FROM item WHERE kind = 'token' AND sid = $1 AND name = $2;

-- :name item_up :read :many
SELECT id, sid, account_id, service_id, parent_id, kind, name, data, created_at_ms, updated_at_ms
FROM item WHERE account_id = $1 AND service_id = $2 AND parent_id = $3 AND kind = $4 AND id > $5
ORDER BY id LIMIT $6;

-- :name item_down :read :many
SELECT id, sid, account_id, service_id, parent_id, kind, name, data, created_at_ms, updated_at_ms
FROM item WHERE account_id = $1 AND service_id = $2 AND parent_id = $3 AND kind = $4 AND id < $5
ORDER BY id DESC LIMIT $6;

-- :name item_count :read :one
SELECT count(*) FROM item
WHERE account_id = $1 AND service_id = $2 AND parent_id = $3 AND kind = $4;

-- :name item_update :write :exec
UPDATE item SET data = $1, updated_at_ms = $2 WHERE id = $3;

-- :name item_delete :write :exec
DELETE FROM item WHERE id = $1;

-- :name item_delete_under :write :exec
DELETE FROM item WHERE parent_id = $1;

-- :name sweep_tokens :write :exec
DELETE FROM item WHERE id IN (
    SELECT id FROM item WHERE kind = 'token' AND created_at_ms < $1 LIMIT 500);
