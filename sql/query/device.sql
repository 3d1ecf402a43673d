-- :name device_insert :write :exec
INSERT INTO device (factor_id, credential_sid, public_key, platform, push_kind, push_endpoint,
    last_seen_at_ms, created_at_ms)
VALUES ($1, $2, $3, $4, 'none', '', $5, $5);

-- :name device_by_sid :read :one
SELECT f.id, f.sid, f.identity_id, i.service_id, s.sid, s.name, f.name, f.status, d.credential_sid,
    d.public_key, d.platform, d.push_kind, d.push_endpoint, d.push_key, d.push_auth,
    d.last_seen_at_ms, d.created_at_ms, i.status
FROM device d JOIN factor f ON f.id = d.factor_id JOIN identity i ON i.id = f.identity_id
JOIN service s ON s.id = i.service_id
WHERE f.sid = $1;

-- :name device_by_factor :read :one
SELECT f.id, f.sid, f.identity_id, i.service_id, s.sid, s.name, f.name, f.status, d.credential_sid,
    d.public_key, d.platform, d.push_kind, d.push_endpoint, d.push_key, d.push_auth,
    d.last_seen_at_ms, d.created_at_ms, i.status
FROM device d JOIN factor f ON f.id = d.factor_id JOIN identity i ON i.id = f.identity_id
JOIN service s ON s.id = i.service_id
WHERE f.id = $1;

-- :name device_list :read :many
-- Active devices of an identity, the last used first.
SELECT f.id, f.sid, f.identity_id, i.service_id, s.sid, s.name, f.name, f.status, d.credential_sid,
    d.public_key, d.platform, d.push_kind, d.push_endpoint, d.push_key, d.push_auth,
    d.last_seen_at_ms, d.created_at_ms, i.status
FROM device d JOIN factor f ON f.id = d.factor_id JOIN identity i ON i.id = f.identity_id
JOIN service s ON s.id = i.service_id
WHERE f.identity_id = $1 AND f.status = 'active' ORDER BY d.last_seen_at_ms DESC LIMIT 32;

-- :name device_nonce_use :write :exec
INSERT INTO device_nonce (factor_id, nonce, expires_at_ms) VALUES ($1, $2, $3);

-- :name device_seen :write :exec
UPDATE device SET last_seen_at_ms = $1 WHERE factor_id = $2 AND last_seen_at_ms < $3;

-- :name device_set_push :write :exec
UPDATE device SET push_kind = $1, push_endpoint = $2, push_key = $3, push_auth = $4
WHERE factor_id = $5;

-- :name device_drop_push :write :exec
-- The push service said 404 or 410: only if the endpoint is still the one that was tried.
UPDATE device SET push_kind = 'none', push_endpoint = '', push_key = NULL, push_auth = NULL
WHERE factor_id = $1 AND push_endpoint = $2;

-- :name device_rename :write :exec
UPDATE factor SET name = $1 WHERE id = $2 AND kind = 'push';

-- :name sweep_nonces :write :exec
DELETE FROM device_nonce WHERE (factor_id, nonce) IN (
    SELECT factor_id, nonce FROM device_nonce WHERE expires_at_ms < $1 LIMIT 500);

-- :name soft_token_insert :write :exec
INSERT INTO factor (id, sid, identity_id, kind, status, off_reason, name, target, session_id,
    secret_sealed, alg, digits, period_s, last_step, fail_count, locked_until_ms, created_at_ms,
    verified_at_ms, several, device_id)
VALUES ($1, $2, $3, 'totp', 'active', '', $4, '', 0, $5, 'SHA1', $6, $7, -1, 0, 0, $8, $8, 1, $9);

-- :name soft_token_device :read :one
SELECT device_id FROM factor WHERE id = $1 AND device_id <> 0;

-- :name device_numbered :read :many
-- Active ones of a service whose sids lie in a range.
SELECT f.id FROM device d JOIN factor f ON f.id = d.factor_id JOIN identity i ON i.id = f.identity_id
WHERE f.sid >= $1 AND f.sid < $2 AND i.service_id = $3 AND f.status = 'active'
  AND i.status = 'active' ORDER BY f.id LIMIT 2;
