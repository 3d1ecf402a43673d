-- :name factor_insert :write :exec
INSERT INTO factor (id, sid, identity_id, kind, status, off_reason, name, target, session_id,
    secret_sealed, alg, digits, period_s, last_step, fail_count, locked_until_ms, created_at_ms)
VALUES ($1, $2, $3, $4, $5, '', $6, $7, $8, $9, $10, $11, $12, -1, 0, 0, $13);

-- :name factor_get :read :one
SELECT id, identity_id, session_id, sid, name, target, kind, status, secret_sealed, alg, digits,
    period_s, last_step, fail_count, locked_until_ms, created_at_ms, verified_at_ms, used_at_ms,
    skew, several
FROM factor WHERE id = $1;

-- :name factor_list :read :many
SELECT id, identity_id, session_id, sid, name, target, kind, status, secret_sealed, alg, digits,
    period_s, last_step, fail_count, locked_until_ms, created_at_ms, verified_at_ms, used_at_ms,
    skew, several
FROM factor WHERE identity_id = $1 AND status = 'active' ORDER BY id;

-- :name factor_active :read :one
SELECT id, identity_id, session_id, sid, name, target, kind, status, secret_sealed, alg, digits,
    period_s, last_step, fail_count, locked_until_ms, created_at_ms, verified_at_ms, used_at_ms,
    skew, several
FROM factor WHERE identity_id = $1 AND kind = $2 AND status = 'active' ORDER BY id DESC LIMIT 1;

-- :name factor_pending :read :one
SELECT id, identity_id, session_id, sid, name, target, kind, status, secret_sealed, alg, digits,
    period_s, last_step, fail_count, locked_until_ms, created_at_ms, verified_at_ms, used_at_ms,
    skew, several
FROM factor WHERE identity_id = $1 AND kind = $2 AND status = 'pending' AND session_id = $3
  AND created_at_ms > $4 ORDER BY id DESC LIMIT 1;

-- :name factor_drop_pending :write :exec
-- A new enrolment replaces one that was never finished.
UPDATE factor SET status = 'off', off_reason = 'replaced', off_at_ms = $1, secret_sealed = NULL
WHERE identity_id = $2 AND kind = $3 AND status = 'pending';

-- :name factor_drop_begun :write :exec
-- What sessions have begun ends, of every kind; applications' enrolments have no session.
UPDATE factor SET status = 'off', off_reason = 'replaced', off_at_ms = $1, secret_sealed = NULL
WHERE identity_id = $2 AND status = 'pending' AND session_id <> 0;

-- :name factor_replace :write :exec
UPDATE factor SET status = 'off', off_reason = 'replaced', off_at_ms = $1
WHERE identity_id = $2 AND kind = $3 AND status = 'active' AND id <> $4 AND device_id = 0;

-- :name factor_activate :write :exec
UPDATE factor SET status = 'active', verified_at_ms = $1, session_id = 0
WHERE id = $2 AND status = 'pending';

-- :name factor_reserve :write :one
-- Counts the attempt before anything is compared. No row: paused, off or gone.
UPDATE factor SET fail_count = fail_count + 1
WHERE id = $1 AND status IN ('pending', 'active') AND locked_until_ms <= $2 AND fail_count < $3
RETURNING id, identity_id, session_id, sid, name, target, kind, status, secret_sealed, alg, digits,
    period_s, last_step, fail_count, locked_until_ms, created_at_ms, verified_at_ms, used_at_ms,
    skew, several;

-- :name identity_reserve :write :one
UPDATE identity SET fail_count = fail_count + 1 WHERE id = $1 AND fail_count < $2
  AND status = 'active' RETURNING fail_count;

-- :name factor_use_step :write :exec
-- Accepts a TOTP step once; no row changed means replay.
UPDATE factor SET last_step = $1 WHERE id = $2 AND last_step < $1;

-- :name factor_right :write :exec
UPDATE factor SET fail_count = 0, used_at_ms = $1 WHERE id = $2;

-- :name identity_right :write :exec
UPDATE identity SET fail_count = 0 WHERE id = $1;

-- :name factor_pause :write :exec
UPDATE factor SET locked_until_ms = $1 WHERE id = $2;

-- :name factor_off :write :exec
UPDATE factor SET status = 'off', off_reason = $1, off_at_ms = $2
WHERE id = $3 AND status = 'active';

-- :name factor_off_kind :write :exec
UPDATE factor SET status = 'off', off_reason = $1, off_at_ms = $2
WHERE identity_id = $3 AND kind = $4 AND status = 'active';

-- :name factor_off_all :write :exec
UPDATE factor SET status = 'off', off_reason = $1, off_at_ms = $2, secret_sealed = NULL
WHERE identity_id = $3 AND status <> 'off';

-- :name factor_undo_off :write :exec
-- Back on, if it was switched off by the person and nothing has taken its place.
UPDATE factor SET status = 'active', off_reason = '', off_at_ms = NULL
WHERE id = $1 AND status = 'off' AND off_reason = 'person' AND NOT EXISTS (
    SELECT 1 FROM factor o WHERE o.identity_id = factor.identity_id AND o.kind = factor.kind
        AND o.status = 'active');

-- :name factor_let_go :write :exec
-- What wrong codes ended is asked for no more: its owner proved another factor, or the operator did.
UPDATE factor SET off_reason = $1 WHERE identity_id = $2 AND status = 'off'
  AND off_reason = 'failures';

-- :name factor_count_second :read :one
SELECT count(*) FROM factor WHERE identity_id = $1 AND status = 'active' AND kind <> 'recovery';

-- :name identity_contact :read :one
SELECT i.id, i.service_id, i.email, i.email_verified_at_ms, i.phone, i.status, s.policy, s.name,
    s.code_digits
FROM identity i JOIN service s ON s.id = i.service_id WHERE i.id = $1;

-- :name recovery_insert :write :exec
INSERT INTO recovery_code (id, factor_id, number, hash_sealed) VALUES ($1, $2, $3, $4);

-- :name recovery_by_number :read :one
SELECT r.id, r.factor_id, r.hash_sealed FROM recovery_code r JOIN factor f ON f.id = r.factor_id
WHERE f.identity_id = $1 AND f.kind = 'recovery' AND f.status = 'active' AND r.number = $2
  AND r.used_at_ms IS NULL ORDER BY f.id DESC LIMIT 1;

-- :name recovery_use :write :exec
-- Each code works once, whoever comes first.
UPDATE recovery_code SET used_at_ms = $1 WHERE id = $2 AND factor_id = $3 AND used_at_ms IS NULL;

-- :name recovery_left :read :one
SELECT count(*) FROM recovery_code r JOIN factor f ON f.id = r.factor_id
WHERE f.identity_id = $1 AND f.kind = 'recovery' AND f.status = 'active' AND r.used_at_ms IS NULL;

-- :name factor_set_target :write :exec
UPDATE factor SET target = $1 WHERE id = $2;
