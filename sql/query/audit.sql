-- :name audit_head_take :write :one
-- Advances the chain; the row is also the lock that keeps two writers from forking it.
UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, mac;

-- :name audit_head_init :write :exec
INSERT INTO audit_head (id, seq, mac) VALUES (1, 0, $1) ON CONFLICT (id) DO NOTHING;

-- :name audit_head_set :write :exec
UPDATE audit_head SET mac = $1 WHERE id = 1;

-- :name audit_head_get :read :one
SELECT seq, mac FROM audit_head WHERE id = 1;

-- :name audit_insert :write :exec
INSERT INTO audit (id, at_ms, service_id, identity_id, actor, event, addr, user_agent, detail, mac)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- :name audit_walk :read :many
SELECT id, at_ms, service_id, identity_id, actor, event, addr, user_agent, detail, mac
FROM audit WHERE id > $1 ORDER BY id LIMIT $2;

-- :name audit_newest :read :many
SELECT id, at_ms, service_id, identity_id, actor, event, addr, user_agent, detail
FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2;

-- :name audit_newest_of :read :many
SELECT id, at_ms, service_id, identity_id, actor, event, addr, user_agent, detail
FROM audit WHERE identity_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3;
