-- Services, entities, factors and challenges as the Verify dialect lists and changes them.

-- :name service_of_sid :read :one
SELECT id, account_id, sid, name, policy, code_digits, callback_url, created_at_ms, updated_at_ms,
    custom_code, test_mode, callback_method, operator_email, countries, fallback
FROM service WHERE account_id = $1 AND sid = $2 AND status = 'active';

-- :name service_up :read :many
SELECT id, account_id, sid, name, policy, code_digits, callback_url, created_at_ms, updated_at_ms,
    custom_code, test_mode, callback_method, operator_email, countries, fallback
FROM service WHERE account_id = $1 AND id > $2 AND status = 'active' ORDER BY id LIMIT $3;

-- :name service_down :read :many
SELECT id, account_id, sid, name, policy, code_digits, callback_url, created_at_ms, updated_at_ms,
    custom_code, test_mode, callback_method, operator_email, countries, fallback
FROM service WHERE account_id = $1 AND id < $2 AND status = 'active' ORDER BY id DESC LIMIT $3;

-- :name service_name_taken :read :one
SELECT id FROM service WHERE name_key = $1;

-- :name service_settings :read :one
SELECT settings FROM service WHERE id = $1;

-- :name service_set_settings :write :exec
UPDATE service SET name = $1, name_key = $2, code_digits = $3, custom_code = $4, settings = $5,
    updated_at_ms = $6 WHERE id = $7;

-- :name identity_up :read :many
SELECT id, service_id, authy_id, sid, external, email, phone, country_code, status, confirmed_at_ms,
    created_at_ms, updated_at_ms
FROM identity WHERE service_id = $1 AND external IS NOT NULL AND status <> 'deleted' AND id > $2
ORDER BY id LIMIT $3;

-- :name identity_down :read :many
SELECT id, service_id, authy_id, sid, external, email, phone, country_code, status, confirmed_at_ms,
    created_at_ms, updated_at_ms
FROM identity WHERE service_id = $1 AND external IS NOT NULL AND status <> 'deleted' AND id < $2
ORDER BY id DESC LIMIT $3;

-- :name app_factor_insert :write :exec
INSERT INTO factor (id, sid, identity_id, kind, status, off_reason, name, target, session_id,
    secret_sealed, alg, digits, period_s, last_step, fail_count, locked_until_ms, created_at_ms,
    skew, several, metadata, updated_at_ms)
VALUES ($1, $2, $3, $4, 'pending', '', $5, '', 0, $6, $7, $8, $9, -1, 0, 0, $10, $11, 1, $12, $10);

-- :name app_factor_by_sid :read :one
SELECT f.id, f.identity_id, f.sid, f.name, f.kind, f.status, f.alg, f.digits, f.period_s, f.skew,
    f.metadata, f.created_at_ms, f.updated_at_ms, f.verified_at_ms, d.credential_sid, d.app_id,
    d.sdk_version, d.push_kind, d.push_endpoint
FROM factor f LEFT JOIN device d ON d.factor_id = f.id
WHERE f.identity_id = $1 AND f.sid = $2 AND f.kind IN ('totp', 'push') AND f.status <> 'off'
  AND f.device_id = 0;

-- :name app_factor_get :read :one
SELECT f.id, f.identity_id, f.sid, f.name, f.kind, f.status, f.alg, f.digits, f.period_s, f.skew,
    f.metadata, f.created_at_ms, f.updated_at_ms, f.verified_at_ms, d.credential_sid, d.app_id,
    d.sdk_version, d.push_kind, d.push_endpoint
FROM factor f LEFT JOIN device d ON d.factor_id = f.id WHERE f.id = $1;

-- :name app_factor_up :read :many
SELECT f.id, f.identity_id, f.sid, f.name, f.kind, f.status, f.alg, f.digits, f.period_s, f.skew,
    f.metadata, f.created_at_ms, f.updated_at_ms, f.verified_at_ms, d.credential_sid, d.app_id,
    d.sdk_version, d.push_kind, d.push_endpoint
FROM factor f LEFT JOIN device d ON d.factor_id = f.id
WHERE f.identity_id = $1 AND f.kind IN ('totp', 'push') AND f.status <> 'off'
  AND f.device_id = 0 AND f.id > $2
ORDER BY f.id LIMIT $3;

-- :name app_factor_down :read :many
SELECT f.id, f.identity_id, f.sid, f.name, f.kind, f.status, f.alg, f.digits, f.period_s, f.skew,
    f.metadata, f.created_at_ms, f.updated_at_ms, f.verified_at_ms, d.credential_sid, d.app_id,
    d.sdk_version, d.push_kind, d.push_endpoint
FROM factor f LEFT JOIN device d ON d.factor_id = f.id
WHERE f.identity_id = $1 AND f.kind IN ('totp', 'push') AND f.status <> 'off'
  AND f.device_id = 0 AND f.id < $2
ORDER BY f.id DESC LIMIT $3;

-- :name app_factor_count :read :one
SELECT count(*) FROM factor WHERE identity_id = $1 AND kind = $2 AND status <> 'off';

-- :name app_factor_update :write :exec
-- With another period steps have other numbers: the last one becomes that in which it ended.
UPDATE factor SET name = $1, alg = $2, digits = $3, period_s = $4, skew = $5, updated_at_ms = $6,
    last_step = CASE WHEN period_s <> $4 AND $4 > 0 AND last_step > 0
        THEN ((last_step + 1) * period_s - 1) / $4 ELSE last_step END
WHERE id = $7;

-- :name app_factor_drop :write :exec
UPDATE factor SET status = 'off', off_reason = 'app', off_at_ms = $1, secret_sealed = NULL
WHERE id = $2 AND status <> 'off';

-- :name app_factor_touch :write :exec
UPDATE factor SET updated_at_ms = $1 WHERE id = $2;

-- :name app_device_insert :write :exec
INSERT INTO device (factor_id, credential_sid, public_key, platform, push_kind, push_endpoint,
    last_seen_at_ms, created_at_ms, app_id, sdk_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9);

-- :name app_device_update :write :exec
UPDATE device SET app_id = $1, sdk_version = $2, push_kind = $3, push_endpoint = $4
WHERE factor_id = $5;

-- :name app_device_key :read :one
-- A key that is in use already (60317).
SELECT d.factor_id FROM device d JOIN factor f ON f.id = d.factor_id
WHERE f.identity_id = $1 AND f.status <> 'off' AND d.public_key = $2;

-- :name device_by_credential :read :one
SELECT f.id, f.sid, f.identity_id, i.service_id, s.sid, s.name, f.name, f.status, d.credential_sid,
    d.public_key, d.platform, d.push_kind, d.push_endpoint, d.push_key, d.push_auth,
    d.last_seen_at_ms, d.created_at_ms, i.status
FROM device d JOIN factor f ON f.id = d.factor_id JOIN identity i ON i.id = f.identity_id
JOIN service s ON s.id = i.service_id
WHERE d.credential_sid = $1 AND f.status <> 'off' AND s.status = 'active';

-- :name account_of_service :read :one
SELECT a.id, a.sid FROM service s JOIN account a ON a.id = s.account_id WHERE s.id = $1;

-- :name app_challenge_up :read :many
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge
WHERE identity_id = $1 AND factor_id <> 0 AND ($2 = 0 OR factor_id = $2)
  AND ($3 = '' OR $3 = CASE WHEN state = 'canceled' OR (state = 'pending' AND expires_at_ms <= $4) THEN 'expired'
      ELSE state END)
  AND id > $5 ORDER BY id LIMIT $6;

-- :name app_challenge_down :read :many
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge
WHERE identity_id = $1 AND factor_id <> 0 AND ($2 = 0 OR factor_id = $2)
  AND ($3 = '' OR $3 = CASE WHEN state = 'canceled' OR (state = 'pending' AND expires_at_ms <= $4) THEN 'expired'
      ELSE state END)
  AND id < $5 ORDER BY id DESC LIMIT $6;

-- :name app_challenge_count :read :one
-- Of one factor since an instant, and when the first of them was made.
SELECT count(*), coalesce(min(created_at_ms), 0) FROM challenge WHERE identity_id = $1 AND factor_id = $2 AND created_at_ms > $3;

-- :name challenge_reserve :write :one
-- Counts a code before it is compared. No row: over, or too many.
UPDATE challenge SET check_count = check_count + 1, updated_at_ms = $1
WHERE id = $2 AND state = 'pending' AND check_count < $3
  AND (expires_at_ms IS NULL OR expires_at_ms > $1) RETURNING check_count;
