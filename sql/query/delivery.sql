-- The courier's side of the outbox. attempts fences: whoever settles must hold the latest claim.

-- :name outbox_lapse :write :exec
-- Claims that nobody has settled in time. Whether the message went out is not known.
UPDATE outbox SET state = 'queued', lost_count = lost_count + 1, why = $1, next_at_ms = $2
WHERE channel = $3 AND state = 'sending' AND next_at_ms <= $4;

-- :name outbox_claim :write :many
UPDATE outbox SET state = 'sending', attempts = attempts + 1, next_at_ms = $1
WHERE id IN (SELECT id FROM outbox WHERE channel = $2 AND state = 'queued' AND next_at_ms <= $3
    ORDER BY next_at_ms LIMIT $4)
RETURNING id, attempts;

-- :name outbox_next :read :one
SELECT min(next_at_ms) FROM outbox WHERE channel = $1 AND state = 'queued';

-- :name outbox_sent :write :exec
-- $3: what to say when an answer had been lost before.
UPDATE outbox SET state = 'sent', provider_id = $1, settled_at_ms = $2,
    why = CASE WHEN lost_count > 0 THEN $3 WHEN receipt = 'undelivered' THEN why ELSE '' END
WHERE id = $4 AND state = 'sending' AND attempts = $5;

-- :name outbox_again :write :exec
UPDATE outbox SET state = 'queued', why = $1, next_at_ms = $2, lost_count = lost_count + $3
WHERE id = $4 AND state = 'sending' AND attempts = $5;

-- :name outbox_over :write :exec
-- failed or expired.
UPDATE outbox SET state = $1, why = $2, settled_at_ms = $3, lost_count = lost_count + $4
WHERE id = $5 AND state = 'sending' AND attempts = $6;

-- :name outbox_get :read :one
SELECT id, service_id, identity_id, channel, target, template, verification_id, link_id, params,
    state, created_at_ms, expires_at_ms
FROM outbox WHERE id = $1;

-- :name link_open :read :one
SELECT id FROM link WHERE id = $1 AND used_at_ms IS NULL AND expires_at_ms > $2;

-- :name outbox_facts :read :one
-- What the operator asks of one message.
SELECT attempts, lost_count, why, provider_id, next_at_ms, settled_at_ms FROM outbox WHERE id = $1;

-- :name outbox_receipt :write :exec
-- delivered and undelivered are final; receipts come late, twice and out of order.
UPDATE outbox SET receipt = $1, why = CASE WHEN $2 <> '' THEN $2 ELSE why END
WHERE id = $3 AND receipt NOT IN ('delivered', 'undelivered') AND receipt <> $1;

-- :name outbox_by_provider :read :one
-- Carriers use their numbers again; the newest message is the one that they speak of.
SELECT id FROM outbox WHERE provider_id = $1 AND provider_id <> '' AND channel = 'sms'
ORDER BY id DESC LIMIT 1;
