-- The remote second factor: users and questions.

-- :name remote_user_get :read :one
SELECT user_id, phone FROM remote_user WHERE identity_id = $1;

-- :name remote_user_set :write :exec
INSERT INTO remote_user (identity_id, user_id, phone, created_at_ms) VALUES ($1, $2, $3, $4)
ON CONFLICT (identity_id) DO UPDATE SET user_id = excluded.user_id, phone = excluded.phone;

-- :name remote_call_insert :write :exec
INSERT INTO remote_call (id, identity_id, factor_id, login_id, op, state, said, ref, code_sealed,
    attempts, why, next_at_ms, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, 'queued', '', $6, $7, 0, '', $8, $8, $9)
ON CONFLICT DO NOTHING;

-- :name remote_call_get :read :one
SELECT id, identity_id, factor_id, login_id, op, state, said, ref, code_sealed, attempts,
    created_at_ms, expires_at_ms
FROM remote_call WHERE id = $1;

-- :name remote_call_turn :read :many
-- All that was asked for one attempt, oldest first.
SELECT id, identity_id, factor_id, login_id, op, state, said, ref, NULL, attempts, created_at_ms,
    expires_at_ms
FROM remote_call WHERE factor_id = $1 AND login_id = $2 ORDER BY id LIMIT 100;

-- :name remote_call_checking :read :one
SELECT id FROM remote_call WHERE factor_id = $1 AND op = 'check' AND state <> 'done';

-- :name remote_call_done :write :exec
-- Final: whoever changes the row has won.
UPDATE remote_call SET state = 'done', said = $1, ref = CASE WHEN $2 = '' THEN ref ELSE $2 END,
    why = $3, code_sealed = NULL
WHERE id = $4 AND state <> 'done';

-- :name remote_call_again :write :exec
UPDATE remote_call SET state = 'queued', said = $1, ref = $2, why = $3, next_at_ms = $4
WHERE id = $5 AND state = 'sending';

-- :name remote_call_answered :write :one
-- The person's answer to an approval request, by callback: once, and while it is open.
UPDATE remote_call SET state = 'done', said = $1
WHERE ref = $2 AND op = 'ask' AND said = 'pending' AND state <> 'done' AND expires_at_ms > $3
  AND EXISTS (SELECT 1 FROM remote_user u
      WHERE u.identity_id = remote_call.identity_id AND u.user_id = $4)
RETURNING id, identity_id, factor_id, login_id;

-- :name remote_call_supersede :write :many
-- One open request per person: an older one gives way.
UPDATE remote_call SET state = 'done', said = 'expired'
WHERE identity_id = $1 AND op = 'ask' AND state <> 'done' RETURNING factor_id, login_id;

-- :name remote_call_lapse :write :exec
UPDATE remote_call SET state = 'queued' WHERE state = 'sending' AND next_at_ms <= $1;

-- :name remote_call_claim :write :many
UPDATE remote_call SET state = 'sending', attempts = attempts + 1, next_at_ms = $1
WHERE id IN (SELECT id FROM remote_call WHERE state = 'queued' AND next_at_ms <= $2
    ORDER BY next_at_ms LIMIT $3)
RETURNING id, attempts;

-- :name remote_call_next :read :one
SELECT min(next_at_ms) FROM remote_call WHERE state = 'queued';

-- :name sweep_remote_calls :write :exec
DELETE FROM remote_call WHERE id IN (
    SELECT id FROM remote_call WHERE expires_at_ms < $1 LIMIT 500);
