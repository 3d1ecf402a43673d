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
-- $4: what to say when an answer had been lost before. A receipt may have settled it already.
UPDATE outbox SET state = 'sent', provider_id = $1, price = $2, settled_at_ms = $3,
    why = CASE WHEN lost_count > 0 THEN $4 WHEN receipt = 'undelivered' THEN why ELSE '' END
WHERE id = $5 AND attempts = $6
    AND (state = 'sending' OR (state = 'sent' AND receipt = 'delivered' AND provider_id = ''));

-- :name outbox_heard :write :exec
-- How an answered call ended.
UPDATE outbox SET receipt = $1, why = $2 WHERE id = $3 AND state = 'sent' AND attempts = $4
    AND receipt = '';

-- :name outbox_again :write :exec
UPDATE outbox SET state = 'queued', why = $1, next_at_ms = $2, lost_count = lost_count + $3
WHERE id = $4 AND state = 'sending' AND attempts = $5;

-- :name outbox_over :write :exec
-- failed or expired.
UPDATE outbox SET state = $1, why = $2, settled_at_ms = $3, lost_count = lost_count + $4
WHERE id = $5 AND state = 'sending' AND attempts = $6;

-- :name outbox_get :read :one
SELECT id, service_id, identity_id, channel, target, template, verification_id, link_id, params,
    state, created_at_ms, expires_at_ms, hook_id, challenge_id
FROM outbox WHERE id = $1;

-- :name outbox_wanted :read :one
-- The same as the courier asks when it loads a row, by the attempt that has it.
SELECT id FROM outbox o
WHERE id = $1 AND state = 'sending' AND attempts = $2 AND expires_at_ms > $3
    AND (verification_id = 0 OR EXISTS (SELECT 1 FROM verification v
        WHERE v.id = o.verification_id AND v.state = 'pending' AND v.expires_at_ms > $3))
    AND (link_id = 0 OR template = 'notice' OR EXISTS (SELECT 1 FROM link l
        WHERE l.id = o.link_id AND l.used_at_ms IS NULL AND l.expires_at_ms > $3));

-- :name link_open :read :one
SELECT id FROM link WHERE id = $1 AND used_at_ms IS NULL AND expires_at_ms > $2;

-- :name outbox_receipt :write :exec
-- delivered and undelivered are final; receipts come late, twice and out of order. $3 is a price and
-- $4 what went wrong; '' changes nothing.
UPDATE outbox SET receipt = $1, receipt_at_ms = $2, price = CASE WHEN $3 = '' THEN price ELSE $3 END,
    why = CASE WHEN $4 = '' THEN why ELSE $4 END
WHERE id = $5 AND receipt NOT IN ('delivered', 'undelivered') AND receipt <> $1;

-- :name outbox_proved_sent :write :exec
-- The carrier says that it is delivered, whatever became of its answer: nobody sends it again.
UPDATE outbox SET state = 'sent', settled_at_ms = $1, why = CASE WHEN state = 'queued' THEN $2 ELSE why END
WHERE id = $3 AND state IN ('queued', 'sending') AND attempts > 0;

-- :name outbox_by_provider :read :one
-- Carriers use their numbers again; the newest message is the one that they speak of.
SELECT id FROM outbox WHERE provider_id = $1 AND provider_id <> '' AND channel = 'sms'
ORDER BY id DESC LIMIT 1;

-- What the operator asks.

-- :name outbox_trouble_add :write :exec
INSERT INTO outbox_trouble (outbox_id, attempt, at_ms, why) VALUES ($1, $2, $3, $4)
ON CONFLICT (outbox_id, attempt) DO NOTHING;

-- :name outbox_troubles :read :many
SELECT attempt, at_ms, why FROM outbox_trouble WHERE outbox_id = $1 ORDER BY attempt LIMIT 100;

-- :name delivery_list :read :many
-- Newest first; an empty filter lets all through.
SELECT o.id, o.service_id, s.name, o.channel, o.target, o.template, o.state, o.attempts,
    o.lost_count, o.why, o.provider_id, o.price, o.receipt, o.receipt_at_ms, o.next_at_ms,
    o.created_at_ms, o.settled_at_ms, o.expires_at_ms, o.hook_id, o.verification_id
FROM outbox o LEFT JOIN service s ON s.id = o.service_id
WHERE o.id < $1 AND ($2 = '' OR o.channel = $2) AND ($3 = '' OR o.state = $3)
    AND ($4 = '' OR o.target = $4) AND ($5 = 0 OR o.service_id = $5) AND ($6 = 0 OR o.hook_id = $6)
ORDER BY o.id DESC LIMIT $7;

-- :name delivery_get :read :one
SELECT o.id, o.service_id, s.name, o.channel, o.target, o.template, o.state, o.attempts,
    o.lost_count, o.why, o.provider_id, o.price, o.receipt, o.receipt_at_ms, o.next_at_ms,
    o.created_at_ms, o.settled_at_ms, o.expires_at_ms, o.hook_id, o.verification_id
FROM outbox o LEFT JOIN service s ON s.id = o.service_id WHERE o.id = $1;

-- :name delivery_of_hook :read :many
-- Calls of one webhook (or, hook 0, of a service's callback) that did not get there, oldest first.
SELECT id FROM outbox
WHERE service_id = $1 AND hook_id = $2 AND channel = 'webhook' AND state IN ('failed', 'expired')
ORDER BY id LIMIT $3;

-- :name delivery_replayed :write :exec
UPDATE outbox SET state = 'replayed' WHERE id = $1 AND state IN ('failed', 'expired', 'sent');
