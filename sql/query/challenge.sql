-- :name challenge_insert :write :exec
INSERT INTO challenge (id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details,
    hidden_details, logos, shown, needs_digits, state, reason, notified, answered_by, payload,
    metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending', '', 0, 0, '', '', $14,
    $14, $15, $16);

-- :name challenge_get :read :one
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge WHERE id = $1;

-- :name challenge_by_sid :read :one
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge WHERE sid = $1;

-- :name challenge_by_uuid :read :one
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge WHERE service_id = $1 AND uuid = $2;

-- :name challenge_by_login :read :one
-- The newest request of an attempt.
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge WHERE login_id = $1 ORDER BY id DESC LIMIT 1;

-- :name challenge_list :read :many
-- Newest first, those that a device of the identity may see.
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge WHERE identity_id = $1 AND factor_id IN (0, $2) AND id < $3
ORDER BY id DESC LIMIT $4;

-- :name challenge_pending :read :many
SELECT id, sid, uuid, service_id, identity_id, factor_id, login_id, message, details, hidden_details,
    logos, shown, needs_digits, state, reason, notified, answered_by, answered_at_ms, payload,
    signature, metadata, created_at_ms, updated_at_ms, expires_at_ms, credential_id
FROM challenge WHERE identity_id = $1 AND factor_id IN (0, $2) AND state = 'pending'
  AND (expires_at_ms IS NULL OR expires_at_ms > $3)
ORDER BY id DESC LIMIT 20;

-- :name challenge_decide :write :exec
-- Final, compare-and-set: two phones at once give one outcome; late answers none (attack 63).
UPDATE challenge SET state = $1, reason = $2, answered_by = $3, answered_at_ms = $4, payload = $5,
    signature = $6, updated_at_ms = $4
WHERE id = $7 AND state = 'pending' AND (expires_at_ms IS NULL OR expires_at_ms > $4);

-- :name challenge_open_logins :read :many
-- The attempts whose pages wait for an answer of this identity's devices.
SELECT login_id FROM challenge WHERE identity_id = $1 AND state = 'pending' AND login_id <> 0;

-- :name challenge_cancel_logins :write :many
-- One open login request per person: an older one gives way.
UPDATE challenge SET state = 'canceled', reason = $1, answered_at_ms = $2, updated_at_ms = $2
WHERE identity_id = $3 AND login_id <> 0 AND state = 'pending' RETURNING id, login_id;

-- :name challenge_withdraw :write :exec
-- Their attempt was finished by something else: nobody waits for an answer any more.
UPDATE challenge SET state = 'canceled', reason = 'finished_otherwise', answered_at_ms = $1,
    updated_at_ms = $1
WHERE login_id = $2 AND state = 'pending' AND expires_at_ms > $1;

-- :name challenge_notified :write :exec
UPDATE challenge SET notified = notified + 1 WHERE id = $1 AND notified < $2;

-- :name challenge_set_metadata :write :exec
UPDATE challenge SET metadata = $1 WHERE id = $2;

-- :name identity_push_take :write :one
-- One push of the budget since the last success; no row: used up or stopped.
UPDATE identity SET push_count = push_count + 1
WHERE id = $1 AND push_count < $2 AND push_stopped_at_ms IS NULL RETURNING push_count;

-- :name identity_push_right :write :exec
UPDATE identity SET push_count = 0, push_stopped_at_ms = NULL WHERE id = $1;

-- :name identity_push_stop :write :exec
UPDATE identity SET push_stopped_at_ms = $1 WHERE id = $2;

-- :name login_set_state :write :exec
UPDATE login SET state = $1 WHERE id = $2 AND state <> 'done';

-- :name login_by_id :read :one
SELECT id, person_id, purpose, action, action_id, session_id, state, amr, method, next, remember,
    addr, user_agent, created_at_ms, expires_at_ms
FROM login WHERE id = $1;

-- :name identity_push_clear :write :exec
UPDATE identity SET push_count = 0 WHERE id = $1 AND push_count > 0;
