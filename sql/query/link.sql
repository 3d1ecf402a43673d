-- :name link_insert :write :exec
INSERT INTO link (id, token_hash, purpose, person_id, signup_id, factor_id, data, created_at_ms,
    expires_at_ms, identity_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- :name link_peek :read :one
SELECT id, person_id, signup_id, factor_id, data, created_at_ms, expires_at_ms,
    identity_id
FROM link WHERE token_hash = $1 AND purpose = $2 AND used_at_ms IS NULL AND expires_at_ms > $3;

-- :name link_use :write :exec
UPDATE link SET used_at_ms = $1 WHERE id = $2 AND used_at_ms IS NULL AND expires_at_ms > $1;

-- :name link_kill :write :exec
UPDATE link SET used_at_ms = $1 WHERE person_id = $2 AND purpose = $3 AND used_at_ms IS NULL;

-- :name link_purpose :read :one
SELECT purpose FROM link WHERE id = $1;

-- :name link_end_others :write :many
-- Used, as far as anybody can tell; factor_id stays 0, so that a page does not take it for success.
UPDATE link SET used_at_ms = $1
WHERE identity_id = $2 AND purpose = $3 AND id <> $4 AND used_at_ms IS NULL RETURNING id;

-- :name link_paired :write :exec
UPDATE link SET factor_id = $1 WHERE id = $2;

-- :name link_pairing :read :one
SELECT id, data, used_at_ms, expires_at_ms, factor_id FROM link WHERE id = $1;

-- :name link_newest :read :one
SELECT id, data, used_at_ms, expires_at_ms, factor_id FROM link WHERE person_id = $1 AND purpose = $2
ORDER BY id DESC LIMIT 1;

-- :name link_waiting :read :one
-- What the newest one that still works is about.
SELECT data FROM link WHERE person_id = $1 AND purpose = $2 AND used_at_ms IS NULL
  AND expires_at_ms > $3 ORDER BY id DESC LIMIT 1;

-- :name link_invited :read :one
-- The newest one that was made for the same token of an application.
SELECT id, data, used_at_ms, expires_at_ms, factor_id FROM link
WHERE identity_id = $1 AND purpose = $2 AND data = $3 ORDER BY id DESC LIMIT 1;
