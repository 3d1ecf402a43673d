-- :name person_by_id :read :one
SELECT p.id, p.identity_id, i.sid, p.name, p.username, i.email, i.phone, i.country_code, p.about,
    i.email_verified_at_ms, i.phone_verified_at_ms, p.password_sealed, p.password_long,
    p.must_reset, i.status, p.password_at_ms, p.password_fail_count, p.last_seen_at_ms,
    p.created_at_ms, s.policy, p.strong_only
FROM person p JOIN identity i ON i.id = p.identity_id JOIN service s ON s.id = i.service_id
WHERE p.id = $1;

-- :name person_id_by_login :read :one
-- A username has no '@', so the two can never name different people.
SELECT id FROM person WHERE username_key = $1 OR email_key = $1;

-- :name person_id_by_identity :read :one
SELECT id FROM person WHERE identity_id = $1;

-- :name person_username_taken :read :one
SELECT id FROM person WHERE username_key = $1;

-- :name person_list :read :many
SELECT p.id, p.username, p.name, i.email, i.status, p.last_seen_at_ms,
    (SELECT count(*) FROM factor f WHERE f.identity_id = i.id AND f.status = 'active'
        AND f.kind <> 'recovery')
FROM person p JOIN identity i ON i.id = p.identity_id
WHERE p.username_key > $1 ORDER BY p.username_key LIMIT $2;

-- :name identity_insert :write :exec
INSERT INTO identity (id, sid, service_id, email, email_verified_at_ms, phone, country_code,
    fail_count, status, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'active', $8, $8);

-- :name person_insert :write :exec
INSERT INTO person (id, identity_id, name, username, username_key, email_key, about,
    password_sealed, password_long, password_at_ms, password_fail_count, must_reset,
    last_seen_at_ms, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, 0, 0, $9, $9, $9);

-- :name person_edit :write :exec
UPDATE person SET name = $1, username = $2, username_key = $3, about = $4, updated_at_ms = $5
WHERE id = $6;

-- :name person_set_password :write :exec
UPDATE person SET password_sealed = $1, password_long = $2, password_at_ms = $3,
    password_fail_count = 0, must_reset = 0, updated_at_ms = $3
WHERE id = $4;

-- :name person_set_email_key :write :exec
UPDATE person SET email_key = $1, updated_at_ms = $2 WHERE id = $3;

-- :name identity_set_email :write :exec
UPDATE identity SET email = $1, email_verified_at_ms = $2, updated_at_ms = $2 WHERE id = $3;

-- :name identity_set_phone :write :exec
UPDATE identity SET phone = $1, country_code = $2, phone_verified_at_ms = NULL, updated_at_ms = $3
WHERE id = $4;

-- :name identity_phone_verified :write :exec
UPDATE identity SET phone_verified_at_ms = $1 WHERE id = $2 AND phone = $3;

-- :name identity_set_status :write :exec
UPDATE identity SET status = $1, updated_at_ms = $2 WHERE id = $3;

-- :name person_password_failed :write :one
UPDATE person SET password_fail_count = password_fail_count + 1 WHERE id = $1
RETURNING password_fail_count;

-- :name person_password_right :write :exec
UPDATE person SET password_fail_count = 0 WHERE id = $1 AND password_fail_count > 0;

-- :name person_set_floor :write :exec
UPDATE person SET strong_only = $1, floor_lowered_at_ms = $2, updated_at_ms = $3 WHERE id = $4;

-- :name person_restore_floor :write :exec
-- As it was before it was lowered, if a factor that it held on to then is on.
UPDATE person SET strong_only = 1, floor_lowered_at_ms = 0, updated_at_ms = $1
WHERE id = $2 AND strong_only = 0 AND floor_lowered_at_ms > $3 AND EXISTS (
    SELECT 1 FROM factor f WHERE f.identity_id = person.identity_id AND f.status = 'active'
        AND f.kind IN ('passkey', 'push', 'totp')
        AND f.verified_at_ms <= person.floor_lowered_at_ms);

-- :name person_distrust :write :exec
UPDATE person SET must_reset = 1, updated_at_ms = $1 WHERE id = $2;

-- :name person_touch :write :exec
UPDATE person SET last_seen_at_ms = $1 WHERE id = $2 AND last_seen_at_ms < $1;

-- :name signup_insert :write :exec
INSERT INTO signup (id, name, username, username_key, email, email_key, phone, country_code,
    password_sealed, password_long, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- :name signup_get :read :one
SELECT id, name, username, email, phone, country_code, password_sealed, password_long
FROM signup WHERE id = $1 AND expires_at_ms > $2;

-- :name signup_by_login :read :one
-- The newest sign-up of an address or a username that waits for its confirmation.
SELECT id, password_sealed FROM signup
WHERE (email_key = $1 OR username_key = $1) AND expires_at_ms > $2 ORDER BY id DESC LIMIT 1;

-- :name signup_drop_email :write :exec
-- Whoever proved the address wins; what others typed for it is gone (attack 55).
DELETE FROM signup WHERE email_key = $1;
