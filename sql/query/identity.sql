-- People of an application. Every look-up names the service.

-- :name identity_get :read :one
SELECT id, service_id, authy_id, sid, external, email, phone, country_code, status, confirmed_at_ms,
    created_at_ms, updated_at_ms
FROM identity WHERE service_id = $1 AND id = $2 AND status <> 'deleted';

-- :name identity_by_authy_id :read :one
SELECT id, service_id, authy_id, sid, external, email, phone, country_code, status, confirmed_at_ms,
    created_at_ms, updated_at_ms
FROM identity WHERE service_id = $1 AND authy_id = $2 AND status <> 'deleted';

-- :name identity_by_external :read :one
SELECT id, service_id, authy_id, sid, external, email, phone, country_code, status, confirmed_at_ms,
    created_at_ms, updated_at_ms
FROM identity WHERE service_id = $1 AND external = $2 AND status <> 'deleted';

-- :name identity_user_by_phone :read :one
SELECT id, service_id, authy_id, sid, external, email, phone, country_code, status, confirmed_at_ms,
    created_at_ms, updated_at_ms
FROM identity WHERE service_id = $1 AND phone = $2 AND authy_id IS NOT NULL
  AND status <> 'deleted' ORDER BY id LIMIT 1;

-- :name identity_user_count :read :one
SELECT count(*) FROM identity
WHERE service_id = $1 AND authy_id IS NOT NULL AND status <> 'deleted';

-- :name authy_id_taken :read :one
-- Whoever it belongs or belonged to.
SELECT id FROM identity WHERE authy_id = $1;

-- :name identity_add :write :exec
INSERT INTO identity (id, sid, service_id, external, authy_id, email, phone, country_code,
    fail_count, status, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 'active', $9, $9);

-- :name identity_set_address :write :exec
UPDATE identity SET email = $1, email_verified_at_ms = NULL, updated_at_ms = $2 WHERE id = $3;

-- :name identity_set_authy_id :write :exec
UPDATE identity SET authy_id = $1, updated_at_ms = $2 WHERE id = $3 AND authy_id IS NULL;

-- :name identity_confirm :write :exec
UPDATE identity SET confirmed_at_ms = $1 WHERE id = $2 AND confirmed_at_ms IS NULL;

-- :name identity_delete :write :exec
UPDATE identity SET status = 'deleted', external = NULL, email = '', phone = '', country_code = '',
    email_verified_at_ms = NULL, phone_verified_at_ms = NULL, updated_at_ms = $1
WHERE id = $2 AND status <> 'deleted';

-- :name identity_drop_links :write :exec
UPDATE link SET used_at_ms = $1 WHERE identity_id = $2 AND used_at_ms IS NULL;

-- :name identity_drop_challenges :write :exec
UPDATE challenge SET state = 'canceled', reason = 'user_removed', answered_at_ms = $1,
    updated_at_ms = $1
WHERE identity_id = $2 AND state = 'pending';

-- :name totp_of_identity :read :many
-- What a code of an authenticator app may belong to: the active one, and a new one that no code has
-- confirmed yet (made by an application, so without a session); soft tokens of paired devices.
SELECT f.id, f.identity_id, f.session_id, f.sid, f.name, f.target, f.kind, f.status,
    f.secret_sealed, f.alg, f.digits, f.period_s, f.last_step, f.fail_count, f.locked_until_ms,
    f.created_at_ms, f.verified_at_ms, f.used_at_ms, f.skew, f.several
FROM factor f LEFT JOIN factor d ON d.id = f.device_id
WHERE f.identity_id = $1 AND f.kind = 'totp'
  AND (f.status = 'active' OR (f.status = 'pending' AND f.session_id = 0 AND f.created_at_ms > $2))
  AND (f.device_id = 0 OR d.status = 'active')
ORDER BY f.id DESC LIMIT 24;

-- :name target_open :write :one
-- The row that guards a number or address, made at the first code.
INSERT INTO target (id, service_id, target, fail_count, locked_until_ms, updated_at_ms)
VALUES ($1, $2, $3, 0, 0, $4)
ON CONFLICT (service_id, target) DO UPDATE SET updated_at_ms = $4
RETURNING id, fail_count, locked_until_ms;

-- :name target_reserve :write :one
-- Counts the attempt before anything is compared. No row: paused.
UPDATE target SET fail_count = fail_count + 1, updated_at_ms = $1
WHERE service_id = $2 AND target = $3 AND locked_until_ms <= $1
RETURNING id, fail_count;

-- :name target_get :read :one
SELECT id, fail_count, locked_until_ms FROM target WHERE service_id = $1 AND target = $2;

-- :name target_right :write :exec
UPDATE target SET fail_count = 0 WHERE id = $1;

-- :name target_forgive :write :exec
UPDATE target SET fail_count = fail_count - 1 WHERE id = $1 AND fail_count > 0;

-- :name identity_forgive :write :exec
UPDATE identity SET fail_count = fail_count - 1 WHERE id = $1 AND fail_count > 0;

-- :name factor_forgive :write :exec
UPDATE factor SET fail_count = fail_count - 1 WHERE id = $1 AND fail_count > 0;

-- :name target_pause :write :exec
UPDATE target SET locked_until_ms = $1 WHERE id = $2;

-- :name sweep_targets :write :exec
-- Only what has nothing to remember; wrong codes are remembered for half a year.
DELETE FROM target WHERE id IN (
    SELECT id FROM target WHERE updated_at_ms < $1 AND (fail_count = 0 OR updated_at_ms < $1 - 15552000000)
    LIMIT 500);
