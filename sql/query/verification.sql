-- :name verification_insert :write :exec
INSERT INTO verification (id, sid, service_id, identity_id, factor_id, login_id, purpose, channel,
    target, state, digits, counter, send_count, check_count, created_at_ms, updated_at_ms,
    sent_at_ms, expires_at_ms, action, amount, payee)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, 0, 1, 0, $11, $11, $11, $12, $13, $14,
    $15);

-- :name verification_pending :read :one
SELECT id, service_id, identity_id, factor_id, login_id, sid, channel, target, state, digits,
    counter, send_count, check_count, created_at_ms, sent_at_ms, expires_at_ms, updated_at_ms, action,
    custom_sealed, amount, payee
FROM verification WHERE factor_id = $1 AND login_id = $2 AND state = 'pending'
  AND expires_at_ms > $3 ORDER BY id DESC LIMIT 1;

-- :name verification_get :read :one
SELECT id, service_id, identity_id, factor_id, login_id, sid, channel, target, state, digits,
    counter, send_count, check_count, created_at_ms, sent_at_ms, expires_at_ms, updated_at_ms, action,
    custom_sealed, amount, payee
FROM verification WHERE id = $1;

-- :name verification_resend :write :exec
UPDATE verification SET send_count = send_count + 1, sent_at_ms = $1, updated_at_ms = $1,
    went_channel = '', went_target = ''
WHERE id = $2 AND send_count < $3;

-- :name verification_reserve :write :one
-- Counts the check before the comparison; the fifth wrong one ends it.
UPDATE verification SET check_count = check_count + 1, updated_at_ms = $1
WHERE id = $2 AND state = 'pending' AND expires_at_ms > $1 AND check_count < $3
RETURNING check_count;

-- :name verification_approve :write :exec
UPDATE verification SET state = 'approved', updated_at_ms = $1
WHERE id = $2 AND state = 'pending' AND expires_at_ms > $1;

-- :name verification_close :write :exec
UPDATE verification SET state = $1, updated_at_ms = $2 WHERE id = $3 AND state = 'pending';

-- :name verification_end_all :write :exec
UPDATE verification SET state = 'canceled', updated_at_ms = $1
WHERE identity_id = $2 AND state = 'pending';

-- :name verification_by_sid :read :one
-- Of a number or address alone: what was sent to a user is theirs, and counts through them.
SELECT id, service_id, identity_id, factor_id, login_id, sid, channel, target, state, digits,
    counter, send_count, check_count, created_at_ms, sent_at_ms, expires_at_ms, updated_at_ms, action,
    custom_sealed, amount, payee
FROM verification WHERE service_id = $1 AND sid = $2 AND purpose = 'api'
  AND coalesce(identity_id, 0) = 0 AND action = '';

-- :name verification_live :read :one
-- What an application may check now: pending, or ended by wrong codes and not yet forgotten.
SELECT id, service_id, identity_id, factor_id, login_id, sid, channel, target, state, digits,
    counter, send_count, check_count, created_at_ms, sent_at_ms, expires_at_ms, updated_at_ms, action,
    custom_sealed, amount, payee
FROM verification
WHERE service_id = $1 AND target = $2 AND coalesce(identity_id, 0) = $3 AND action = $4
  AND purpose = 'api' AND state IN ('pending', 'max_attempts') AND expires_at_ms > $5
ORDER BY id DESC LIMIT 1;

-- :name verification_of_identity :read :many
SELECT id, service_id, identity_id, factor_id, login_id, sid, channel, target, state, digits,
    counter, send_count, check_count, created_at_ms, sent_at_ms, expires_at_ms, updated_at_ms, action,
    custom_sealed, amount, payee
FROM verification
WHERE identity_id = $1 AND action = $2 AND purpose = 'api' AND state = 'pending'
  AND expires_at_ms > $3
ORDER BY id DESC LIMIT 4;

-- :name verification_spent :read :one
-- The last that was right, while it would still be good.
SELECT id, service_id, identity_id, factor_id, login_id, sid, channel, target, state, digits,
    counter, send_count, check_count, created_at_ms, sent_at_ms, expires_at_ms, updated_at_ms, action,
    custom_sealed, amount, payee
FROM verification
WHERE identity_id = $1 AND action = $2 AND purpose = 'api' AND state = 'approved'
  AND expires_at_ms > $3
ORDER BY updated_at_ms DESC LIMIT 1;

-- :name verification_set_custom :write :exec
UPDATE verification SET custom_sealed = $1 WHERE id = $2;

-- :name verification_set_channel :write :exec
UPDATE verification SET channel = $1 WHERE id = $2;
