-- Keys of the installation.

-- :name secret_key_get :read :one
SELECT id, key_sealed FROM secret_key WHERE purpose = $1;

-- :name secret_key_add :write :exec
INSERT INTO secret_key (id, purpose, key_sealed) VALUES ($1, $2, $3);

-- What has expired goes in bounded steps, so that a sweep never holds the writer for long.

-- :name sweep_limits :write :exec
DELETE FROM limit_counter WHERE key IN (
    SELECT key FROM limit_counter WHERE expires_at_ms < $1 LIMIT 500);

-- :name sweep_logins :write :exec
DELETE FROM login WHERE id IN (SELECT id FROM login WHERE expires_at_ms < $1 LIMIT 500);

-- :name sweep_links :write :exec
DELETE FROM link WHERE id IN (SELECT id FROM link WHERE expires_at_ms < $1 LIMIT 500);

-- :name sweep_signups :write :exec
DELETE FROM signup WHERE id IN (SELECT id FROM signup WHERE expires_at_ms < $1 LIMIT 500);

-- :name sweep_sessions :write :exec
DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at_ms < $1 LIMIT 500);

-- :name sweep_outbox :write :exec
-- What failed, and calls to applications, stay six days longer.
DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE expires_at_ms < $1
    AND (expires_at_ms < $1 - 518400000 OR (state <> 'failed' AND channel <> 'webhook')) LIMIT 500);

-- :name sweep_troubles :write :exec
DELETE FROM outbox_trouble WHERE outbox_id IN (
    SELECT outbox_id FROM outbox_trouble WHERE at_ms < $1 LIMIT 500);

-- :name sweep_verifications :write :exec
DELETE FROM verification WHERE id IN (
    SELECT id FROM verification WHERE expires_at_ms < $1 LIMIT 500);

-- Re-sealing. The first five bytes of a blob name its key; $1 is the current key's prefix.

-- :name reseal_find :read :many
-- One list over every sealed column: which, row id, owner, sealed value.
SELECT 'secret_key.key' AS col, id, 0 AS owner, key_sealed AS sealed FROM secret_key
    WHERE substr(key_sealed, 1, 5) <> $1
UNION ALL
SELECT 'service.code_key', id, account_id, code_key_sealed FROM service
    WHERE substr(code_key_sealed, 1, 5) <> $1
UNION ALL
SELECT 'credential.secret', id, account_id, secret_sealed FROM credential
    WHERE substr(secret_sealed, 1, 5) <> $1
UNION ALL
SELECT 'person.password', id, identity_id, password_sealed FROM person
    WHERE substr(password_sealed, 1, 5) <> $1
UNION ALL
SELECT 'signup.password', id, 0, password_sealed FROM signup
    WHERE substr(password_sealed, 1, 5) <> $1
UNION ALL
SELECT 'factor.secret', id, identity_id, secret_sealed FROM factor
    WHERE secret_sealed IS NOT NULL AND substr(secret_sealed, 1, 5) <> $1
UNION ALL
SELECT 'recovery_code.hash', id, factor_id, hash_sealed FROM recovery_code
    WHERE substr(hash_sealed, 1, 5) <> $1
UNION ALL
SELECT 'verification.custom', id, service_id, custom_sealed FROM verification
    WHERE custom_sealed IS NOT NULL AND substr(custom_sealed, 1, 5) <> $1
UNION ALL
SELECT 'remote_call.code', id, factor_id, code_sealed FROM remote_call
    WHERE code_sealed IS NOT NULL AND substr(code_sealed, 1, 5) <> $1
LIMIT $2;

-- :name reseal_secret_key :write :exec
UPDATE secret_key SET key_sealed = $1 WHERE id = $2;
-- :name reseal_service :write :exec
UPDATE service SET code_key_sealed = $1 WHERE id = $2;
-- :name reseal_credential :write :exec
UPDATE credential SET secret_sealed = $1 WHERE id = $2;
-- :name reseal_person :write :exec
UPDATE person SET password_sealed = $1 WHERE id = $2;
-- :name reseal_signup :write :exec
UPDATE signup SET password_sealed = $1 WHERE id = $2;
-- :name reseal_factor :write :exec
UPDATE factor SET secret_sealed = $1 WHERE id = $2;
-- :name reseal_recovery_code :write :exec
UPDATE recovery_code SET hash_sealed = $1 WHERE id = $2;
-- :name reseal_verification :write :exec
UPDATE verification SET custom_sealed = $1 WHERE id = $2;
-- :name reseal_remote_call :write :exec
UPDATE remote_call SET code_sealed = $1 WHERE id = $2;
