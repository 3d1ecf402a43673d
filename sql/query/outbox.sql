-- :name outbox_insert :write :exec
INSERT INTO outbox (id, service_id, identity_id, channel, target, template, verification_id,
    link_id, params, state, attempts, next_at_ms, why, created_at_ms, expires_at_ms,
    charge, counted, hook_id, challenge_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, '', $11, $12, $13, $14, $15, $16);

-- :name outbox_newest :read :many
-- What people can read: a push to a browser says nothing.
SELECT id, service_id, identity_id, channel, target, template, verification_id, link_id, params,
    state, created_at_ms, expires_at_ms, hook_id, challenge_id
FROM outbox WHERE channel IN ('sms', 'voice', 'email', 'whatsapp', 'push') ORDER BY id DESC LIMIT $1;

-- :name outbox_newest_to :read :many
-- An address is found however it was typed.
SELECT id, service_id, identity_id, channel, target, template, verification_id, link_id, params,
    state, created_at_ms, expires_at_ms, hook_id, challenge_id
FROM outbox WHERE lower(target) = lower($1)
    AND channel IN ('sms', 'voice', 'email', 'whatsapp', 'push') ORDER BY id DESC LIMIT $2;

-- :name outbox_call_newest :read :one
-- The last call about a request.
SELECT state, receipt, created_at_ms FROM outbox WHERE challenge_id = $1 ORDER BY id DESC LIMIT 1;
