-- The health of channels, and codes that go another way.

-- :name circuit_get :read :one
SELECT state, paused, failures, window_at_ms, ok, bad, openings, probe_at_ms, rest_until_ms,
    sent_at_ms, failed_at_ms, why
FROM channel_health WHERE channel = $1;

-- :name circuit_put :write :exec
INSERT INTO channel_health (channel, state, paused, failures, window_at_ms, ok, bad, openings,
    probe_at_ms, rest_until_ms, sent_at_ms, failed_at_ms, why)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (channel) DO UPDATE SET state = $2, paused = $3, failures = $4, window_at_ms = $5,
    ok = $6, bad = $7, openings = $8, probe_at_ms = $9, rest_until_ms = $10, sent_at_ms = $11,
    failed_at_ms = $12, why = $13;

-- :name outbox_stuck :read :many
-- Codes that wait for a channel that does not work, though their service names another way.
SELECT o.id FROM outbox o JOIN service s ON s.id = o.service_id
WHERE o.channel = $1 AND o.state = 'queued' AND o.next_at_ms <= $2 AND o.verification_id <> 0
  AND o.template = 'code' AND o.rerouted = 0 AND s.fallback <> ''
ORDER BY o.next_at_ms LIMIT 64;

-- :name outbox_reroute :write :exec
-- Another message took over. Only what nobody is sending now.
UPDATE outbox SET state = 'failed', why = $1, settled_at_ms = $2, rerouted = 1
WHERE id = $3 AND state = 'queued';

-- :name outbox_rerouted :write :exec
UPDATE outbox SET rerouted = 1, why = $1 WHERE id = $2;

-- :name outbox_overdue :read :many
SELECT id FROM outbox WHERE channel = $1 AND state = 'queued' AND expires_at_ms <= $2
ORDER BY next_at_ms LIMIT 64;

-- :name outbox_expire :write :exec
UPDATE outbox SET state = 'expired', why = $1, settled_at_ms = $2 WHERE id = $3 AND state = 'queued';

-- :name outbox_next_expiry :read :one
SELECT min(expires_at_ms) FROM outbox WHERE channel = $1 AND state = 'queued';

-- :name verification_went :write :exec
UPDATE verification SET went_channel = $1, went_target = $2, updated_at_ms = $3 WHERE id = $4;

-- :name verification_where :read :one
SELECT went_channel, went_target, purpose FROM verification WHERE id = $1;
