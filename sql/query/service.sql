-- :name account_insert :write :exec
INSERT INTO account (id, sid, name, status, created_at_ms) VALUES ($1, $2, $3, 'active', $4);

-- :name account_sid :read :one
SELECT sid FROM account WHERE id = $1;

-- :name service_insert :write :exec
INSERT INTO service (id, sid, account_id, name, name_key, policy, code_digits, callback_url,
    code_key_sealed, status, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, 'optional', 6, '', $6, 'active', $7, $7);

-- :name service_by_id :read :one
SELECT id, account_id, sid, name, policy, code_digits, callback_url, created_at_ms, updated_at_ms,
    custom_code, test_mode, callback_method, operator_email, countries, fallback
FROM service WHERE id = $1 AND status = 'active';

-- :name service_by_name :read :one
SELECT id, account_id, sid, name, policy, code_digits, callback_url, created_at_ms, updated_at_ms,
    custom_code, test_mode, callback_method, operator_email, countries, fallback
FROM service WHERE name_key = $1 AND status = 'active';

-- :name service_first :read :one
SELECT id FROM service ORDER BY id LIMIT 1;

-- :name service_list :read :many
SELECT id, account_id, sid, name, policy, code_digits, callback_url, created_at_ms, updated_at_ms,
    custom_code, test_mode, callback_method, operator_email, countries, fallback
FROM service WHERE status = 'active' ORDER BY id;

-- :name service_update :write :exec
UPDATE service SET name = $1, name_key = $2, policy = $3, code_digits = $4, callback_url = $5,
    custom_code = $6, test_mode = $7, callback_method = $8, operator_email = $9, countries = $10,
    fallback = $11, updated_at_ms = $12
WHERE id = $13;

-- :name service_delete :write :exec
UPDATE service SET status = 'deleted', name_key = NULL, updated_at_ms = $1
WHERE id = $2 AND status = 'active';

-- :name service_code_key :read :one
SELECT account_id, code_key_sealed FROM service WHERE id = $1;

-- :name credential_insert :write :exec
INSERT INTO credential (id, account_id, service_id, kind, secret_hash, secret_sealed, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- :name credential_expire :write :exec
-- The account's auth token and the service's API key end, unless they end sooner already. Key pairs
-- have lives of their own.
UPDATE credential SET expires_at_ms = $1
WHERE account_id = $2 AND (service_id = $3 OR (service_id IS NULL AND kind = 'auth_token'))
  AND (expires_at_ms IS NULL OR expires_at_ms > $1);

-- :name credential_end :write :exec
-- With a service ends its API key; with the account's last one its auth token and key pairs too.
UPDATE credential SET expires_at_ms = $1
WHERE account_id = $2 AND (service_id = $3 OR (service_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM service WHERE service.account_id = credential.account_id
      AND service.status = 'active')))
  AND (expires_at_ms IS NULL OR expires_at_ms > $1);

-- :name service_callback_taken :write :exec
UPDATE service SET callback_failures = 0 WHERE id = $1 AND callback_failures > 0;

-- :name service_callback_new :write :exec
UPDATE service SET callback_failures = 0, callback_off_url = '', callback_off_at_ms = NULL
WHERE id = $1;

-- :name service_callback_failed :write :one
UPDATE service SET callback_failures = callback_failures + 1 WHERE id = $1
RETURNING callback_failures;

-- :name service_callback_off :write :exec
UPDATE service SET callback_off_url = callback_url, callback_off_at_ms = $1, callback_url = '',
    callback_failures = 0, updated_at_ms = $1
WHERE id = $2;
