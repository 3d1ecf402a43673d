-- :name session_insert :write :exec
INSERT INTO session (id, token_hash, person_id, amr, remember, addr, user_agent, created_at_ms,
    last_seen_at_ms, fresh_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10);

-- :name session_by_hash :read :one
-- With what the level is derived from: status, policy, floor, and whether a second factor is on. One
-- that wrong codes ended still counts, or guessing would open the account it guards.
SELECT s.id, s.person_id, p.identity_id, s.amr, s.remember, s.addr, s.user_agent, s.created_at_ms,
    s.last_seen_at_ms, s.fresh_at_ms, s.expires_at_ms, i.status, v.policy,
    p.strong_only,
    (SELECT count(*) FROM factor f WHERE f.identity_id = i.id AND f.kind <> 'recovery'
        AND (f.status = 'active' OR f.off_reason = 'failures'))
FROM session s JOIN person p ON p.id = s.person_id JOIN identity i ON i.id = p.identity_id
JOIN service v ON v.id = i.service_id
WHERE s.token_hash = $1 AND s.ended_at_ms IS NULL AND s.expires_at_ms > $2;

-- :name session_by_id :read :one
-- The same of a session that something was started in.
SELECT s.id, s.person_id, p.identity_id, s.amr, s.remember, s.addr, s.user_agent, s.created_at_ms,
    s.last_seen_at_ms, s.fresh_at_ms, s.expires_at_ms, i.status, v.policy,
    p.strong_only,
    (SELECT count(*) FROM factor f WHERE f.identity_id = i.id AND f.kind <> 'recovery'
        AND (f.status = 'active' OR f.off_reason = 'failures'))
FROM session s JOIN person p ON p.id = s.person_id JOIN identity i ON i.id = p.identity_id
JOIN service v ON v.id = i.service_id
WHERE s.id = $1 AND s.ended_at_ms IS NULL AND s.expires_at_ms > $2;

-- :name session_list :read :many
SELECT id, amr, remember, addr, user_agent, created_at_ms, last_seen_at_ms, expires_at_ms
FROM session WHERE person_id = $1 AND ended_at_ms IS NULL AND expires_at_ms > $2
ORDER BY last_seen_at_ms DESC LIMIT 50;

-- :name session_end :write :exec
UPDATE session SET ended_at_ms = $1, ended_why = $2
WHERE id = $3 AND person_id = $4 AND ended_at_ms IS NULL;

-- :name session_end_others :write :exec
UPDATE session SET ended_at_ms = $1, ended_why = $2
WHERE person_id = $3 AND id <> $4 AND ended_at_ms IS NULL;

-- :name session_touch :write :exec
UPDATE session SET last_seen_at_ms = $1 WHERE id = $2 AND last_seen_at_ms < $1;

-- :name session_add_amr :write :exec
UPDATE session SET amr = $1, fresh_at_ms = $2 WHERE id = $3 AND ended_at_ms IS NULL;

-- :name session_set_token :write :exec
UPDATE session SET token_hash = $1 WHERE id = $2 AND ended_at_ms IS NULL;

-- :name session_amr :read :one
SELECT amr FROM session WHERE id = $1 AND ended_at_ms IS NULL;

-- :name session_level :read :one
-- What the level of a new session is derived from.
SELECT i.status, p.must_reset, v.policy, p.strong_only,
    (SELECT count(*) FROM factor f WHERE f.identity_id = i.id AND f.kind <> 'recovery'
        AND (f.status = 'active' OR f.off_reason = 'failures'))
FROM person p JOIN identity i ON i.id = p.identity_id JOIN service v ON v.id = i.service_id
WHERE p.id = $1;

-- :name login_ways :read :one
-- Second factors that are asked for, those that wrong codes ended included; those that can still be
-- proved, which the person's floor may rule out, and codes cannot once the person's own count is
-- used up; unused recovery codes.
SELECT
    (SELECT count(*) FROM factor f WHERE f.identity_id = i.id AND f.kind <> 'recovery'
        AND (f.status = 'active' OR f.off_reason = 'failures')),
    (SELECT count(*) FROM factor f WHERE f.identity_id = i.id AND f.kind <> 'recovery'
        AND f.status = 'active' AND (f.kind IN ('push', 'passkey') OR i.fail_count < $1)
        AND (p.strong_only = 0 OR f.kind IN ('passkey', 'push', 'totp'))),
    (SELECT count(*) FROM recovery_code r JOIN factor f ON f.id = r.factor_id
        WHERE f.identity_id = i.id AND f.status = 'active' AND r.used_at_ms IS NULL)
FROM person p JOIN identity i ON i.id = p.identity_id WHERE p.id = $2;

-- :name login_insert :write :exec
INSERT INTO login (id, token_hash, person_id, purpose, action, action_id, session_id, state, amr,
    method, next, remember, addr, user_agent, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10, $11, $12, $13, $14, $15);

-- :name login_by_hash :read :one
SELECT id, person_id, purpose, action, action_id, session_id, state, amr, method, next, remember,
    addr, user_agent, created_at_ms, expires_at_ms
FROM login WHERE token_hash = $1 AND expires_at_ms > $2;

-- :name login_set_method :write :exec
UPDATE login SET method = $1 WHERE id = $2 AND state <> 'done';

-- :name login_finish :write :exec
-- The attempt is consumed once: whoever changes the row has won.
UPDATE login SET state = 'done', amr = $1 WHERE id = $2 AND state <> 'done';

-- :name login_end_others :write :exec
-- Open attempts of a person die with a credential change.
UPDATE login SET state = 'denied', expires_at_ms = $1 WHERE person_id = $2 AND state <> 'done'
  AND id <> $3;
