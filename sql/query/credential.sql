-- Who calls, and with what. Every look-up asks whether account and service are still active.

-- :name credential_find :read :one
SELECT c.id, c.account_id, c.service_id, c.sid, a.sid
FROM credential c JOIN account a ON a.id = c.account_id
LEFT JOIN service s ON s.id = c.service_id
WHERE c.secret_hash = $1 AND c.kind = $2 AND (c.expires_at_ms IS NULL OR c.expires_at_ms > $3)
  AND a.status = 'active' AND (c.service_id IS NULL OR s.status = 'active');

-- :name credential_secret :read :one
SELECT account_id, secret_sealed FROM credential WHERE id = $1;

-- :name credential_newest :read :one
SELECT id FROM credential WHERE service_id = $1 AND kind = 'api_key'
  AND (expires_at_ms IS NULL OR expires_at_ms > $2) ORDER BY id DESC LIMIT 1;

-- :name credential_token :read :one
SELECT c.id FROM credential c JOIN service s ON s.account_id = c.account_id
WHERE s.id = $1 AND c.kind = 'auth_token' AND (c.expires_at_ms IS NULL OR c.expires_at_ms > $2)
ORDER BY c.id DESC LIMIT 1;

-- :name credential_keys :read :many
SELECT id FROM credential WHERE service_id = $1 AND kind = 'api_key'
  AND (expires_at_ms IS NULL OR expires_at_ms > $2) ORDER BY id DESC LIMIT 8;

-- :name credential_signers :read :many
SELECT c.id FROM credential c JOIN account a ON a.id = c.account_id
WHERE c.account_id = $1
  AND ((c.kind = 'auth_token' AND a.sid = $2) OR (c.kind = 'key_pair' AND c.sid = $2))
  AND (c.expires_at_ms IS NULL OR c.expires_at_ms > $3) ORDER BY c.id DESC LIMIT 8;

-- :name key_pair_insert :write :exec
INSERT INTO credential (id, account_id, kind, sid, secret_hash, secret_sealed, name, created_at_ms)
VALUES ($1, $2, 'key_pair', $3, $4, $5, $6, $7);

-- :name key_pair_list :read :many
SELECT id, sid, name, created_at_ms, expires_at_ms FROM credential
WHERE account_id = $1 AND kind = 'key_pair' AND (expires_at_ms IS NULL OR expires_at_ms > $2)
ORDER BY id LIMIT 200;

-- :name key_pair_revoke :write :exec
UPDATE credential SET expires_at_ms = $1 WHERE account_id = $2 AND sid = $3 AND kind = 'key_pair'
  AND (expires_at_ms IS NULL OR expires_at_ms > $1);
