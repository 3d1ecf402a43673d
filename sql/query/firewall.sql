-- Messages to phones: counts by beginning, the operator's word, the day's money.

-- :name phone_prefix_get :read :one
SELECT window_at_ms, sent, proved, paused_until_ms, pauses, updated_at_ms
FROM phone_prefix WHERE prefix = $1 AND level = $2;

-- :name phone_prefix_set :write :exec
INSERT INTO phone_prefix (prefix, level, window_at_ms, sent, proved, paused_until_ms, pauses,
    updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (prefix, level) DO UPDATE SET window_at_ms = $3, sent = $4, proved = $5,
    paused_until_ms = $6, pauses = $7, updated_at_ms = $8;

-- :name phone_prefix_proved :write :exec
-- Unless the message belongs to an earlier window.
UPDATE phone_prefix SET proved = proved + 1
WHERE prefix = $1 AND level = $2 AND window_at_ms <= $3 AND proved < sent;

-- :name phone_prefix_unsent :write :exec
UPDATE phone_prefix SET sent = sent - 1
WHERE prefix = $1 AND level = $2 AND window_at_ms <= $3 AND sent > proved;

-- :name phone_prefix_resume :write :exec
UPDATE phone_prefix SET paused_until_ms = 0, pauses = 0, sent = 0, proved = 0, window_at_ms = $1,
    updated_at_ms = $1
WHERE prefix = $2 AND paused_until_ms > $1;

-- :name phone_prefix_list :read :many
-- Paused ones first, then the busiest.
SELECT prefix, sent, proved, paused_until_ms FROM phone_prefix
WHERE paused_until_ms > $1 OR window_at_ms > $2
ORDER BY CASE WHEN paused_until_ms > $1 THEN 0 ELSE 1 END, sent - proved DESC, prefix LIMIT $3;

-- :name phone_paused_count :read :one
SELECT (SELECT count(*) FROM phone_prefix WHERE paused_until_ms > $1),
    (SELECT count(*) FROM phone_rule WHERE action = 'pause');

-- :name sweep_phone_prefixes :write :exec
DELETE FROM phone_prefix WHERE prefix IN (SELECT prefix FROM phone_prefix
    WHERE updated_at_ms < $1 AND paused_until_ms < $1 LIMIT 500) AND updated_at_ms < $1
    AND paused_until_ms < $1;

-- :name phone_rule_set :write :exec
INSERT INTO phone_rule (prefix, action, created_at_ms) VALUES ($1, $2, $3)
ON CONFLICT (prefix) DO UPDATE SET action = $2, created_at_ms = $3;

-- :name phone_rule_remove :write :exec
DELETE FROM phone_rule WHERE prefix = $1;

-- :name phone_rule_list :read :many
SELECT prefix, action FROM phone_rule ORDER BY prefix LIMIT $1;

-- :name phone_rule_of :read :one
-- The longest beginning of a number.
SELECT action FROM phone_rule
WHERE prefix IN (substr($1, 1, 2), substr($1, 1, 3), substr($1, 1, 4), substr($1, 1, 5),
    substr($1, 1, 6), substr($1, 1, 7), substr($1, 1, 8), substr($1, 1, 9), substr($1, 1, 10),
    substr($1, 1, 11), substr($1, 1, 12), substr($1, 1, 13), substr($1, 1, 14), substr($1, 1, 15),
    substr($1, 1, 16))
ORDER BY length(prefix) DESC LIMIT 1;

-- :name phone_is_safe :read :one
-- On the safe list of the account that owns the service.
SELECT i.id FROM item i JOIN service s ON s.account_id = i.account_id
WHERE s.id = $1 AND i.service_id = 0 AND i.parent_id = 0 AND i.kind = 'safe'
  AND i.name IN (substr($2, 1, 2), substr($2, 1, 3), substr($2, 1, 4), substr($2, 1, 5),
    substr($2, 1, 6), substr($2, 1, 7), substr($2, 1, 8), substr($2, 1, 9), substr($2, 1, 10),
    substr($2, 1, 11), substr($2, 1, 12), substr($2, 1, 13), substr($2, 1, 14), substr($2, 1, 15),
    substr($2, 1, 16))
LIMIT 1;

-- :name phone_spend_get :read :one
SELECT messages, spent, extra, told FROM phone_spend WHERE day = $1;

-- :name phone_spend_add :write :exec
INSERT INTO phone_spend (day, messages, spent, extra, told) VALUES ($1, $2, $3, 0, 0)
ON CONFLICT (day) DO UPDATE SET messages = phone_spend.messages + $2,
    spent = phone_spend.spent + $3;

-- :name phone_spend_extend :write :exec
INSERT INTO phone_spend (day, messages, spent, extra, told) VALUES ($1, 0, 0, $2, 0)
ON CONFLICT (day) DO UPDATE SET extra = phone_spend.extra + $2, told = 0;

-- :name phone_spend_told :write :exec
UPDATE phone_spend SET told = $1 WHERE day = $2;

-- :name sweep_phone_spend :write :exec
DELETE FROM phone_spend WHERE day * 86400000 < $1;

-- :name outbox_proved :write :many
UPDATE outbox SET counted = 0 WHERE verification_id = $1 AND counted = 1
RETURNING target, created_at_ms;

-- :name outbox_call_proved :write :many
UPDATE outbox SET counted = 0 WHERE challenge_id = $1 AND counted = 1
RETURNING target, created_at_ms;

-- :name outbox_unsent :write :one
-- Nothing went out, as far as anybody knows.
UPDATE outbox SET counted = 0, charge = 0
WHERE id = $1 AND charge > 0 AND lost_count = 0 AND state IN ('failed', 'expired')
RETURNING target, created_at_ms;

-- :name outbox_charge :read :one
SELECT charge, counted, created_at_ms FROM outbox WHERE id = $1;

-- :name outbox_set_charge :write :exec
UPDATE outbox SET charge = $1 WHERE id = $2;
