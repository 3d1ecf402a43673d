-- :name attempt_insert :write :exec
INSERT INTO attempt (id, sid, account_id, service_id, verification_id, verification_sid, channel,
    target, country, locale, digits, converted, created_at_ms, updated_at_ms, expires_at_ms,
    outbox_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $12, $13, $14);

-- :name attempt_convert :write :exec
UPDATE attempt SET converted = 1, updated_at_ms = $1 WHERE verification_id = $2 AND converted = 0;

-- :name attempt_of_verification :read :many
SELECT a.id, a.sid, s.sid, a.verification_sid, a.channel, a.target, a.country, a.locale, a.digits,
    a.converted, a.created_at_ms, a.updated_at_ms, a.expires_at_ms
FROM attempt a JOIN service s ON s.id = a.service_id
WHERE a.verification_id = $1 ORDER BY a.id LIMIT 20;

-- :name attempt_message :read :one
-- What became of it, as long as the message is kept.
SELECT o.state, o.receipt, o.why, o.price FROM attempt a JOIN outbox o ON o.id = a.outbox_id
WHERE a.id = $1;

-- :name attempt_by_sid :read :one
SELECT a.id, a.sid, s.sid, a.verification_sid, a.channel, a.target, a.country, a.locale, a.digits,
    a.converted, a.created_at_ms, a.updated_at_ms, a.expires_at_ms
FROM attempt a JOIN service s ON s.id = a.service_id
WHERE a.account_id = $1 AND a.sid = $2 AND a.created_at_ms > $3;

-- :name attempt_up :read :many
-- Newer than a row, oldest first. An empty filter lets all through.
SELECT a.id, a.sid, s.sid, a.verification_sid, a.channel, a.target, a.country, a.locale, a.digits,
    a.converted, a.created_at_ms, a.updated_at_ms, a.expires_at_ms
FROM attempt a JOIN service s ON s.id = a.service_id
WHERE a.account_id = $1 AND a.created_at_ms >= $2 AND a.created_at_ms <= $3
  AND ($4 = '' OR a.target = $4) AND ($5 = '' OR a.country = $5) AND ($6 = '' OR a.channel = $6)
  AND ($7 = '' OR s.sid = $7) AND ($8 = '' OR a.verification_sid = $8)
  AND ($9 < 0 OR a.converted = $9) AND a.id > $10
ORDER BY a.id LIMIT $11;

-- :name attempt_down :read :many
SELECT a.id, a.sid, s.sid, a.verification_sid, a.channel, a.target, a.country, a.locale, a.digits,
    a.converted, a.created_at_ms, a.updated_at_ms, a.expires_at_ms
FROM attempt a JOIN service s ON s.id = a.service_id
WHERE a.account_id = $1 AND a.created_at_ms >= $2 AND a.created_at_ms <= $3
  AND ($4 = '' OR a.target = $4) AND ($5 = '' OR a.country = $5) AND ($6 = '' OR a.channel = $6)
  AND ($7 = '' OR s.sid = $7) AND ($8 = '' OR a.verification_sid = $8)
  AND ($9 < 0 OR a.converted = $9) AND a.id < $10
ORDER BY a.id DESC LIMIT $11;

-- :name attempt_summary :read :one
SELECT count(*), coalesce(sum(a.converted), 0)
FROM attempt a JOIN service s ON s.id = a.service_id
WHERE a.account_id = $1 AND a.created_at_ms >= $2 AND a.created_at_ms <= $3
  AND ($4 = '' OR substr(a.target, 1, length($4)) = $4) AND ($5 = '' OR a.country = $5)
  AND ($6 = '' OR a.channel = $6) AND ($7 = '' OR s.sid = $7);

-- :name sweep_attempts :write :exec
DELETE FROM attempt WHERE id IN (SELECT id FROM attempt WHERE created_at_ms < $1 LIMIT 500);
