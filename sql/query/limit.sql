-- :name limit_take :write :one
-- Counts one event. A window that is over starts again.
INSERT INTO limit_counter (key, count, started_at_ms, expires_at_ms) VALUES ($1, 1, $2, $3)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN limit_counter.expires_at_ms <= $2 THEN 1 ELSE limit_counter.count + 1 END,
    started_at_ms = CASE WHEN limit_counter.expires_at_ms <= $2 THEN $2 ELSE limit_counter.started_at_ms END,
    expires_at_ms = CASE WHEN limit_counter.expires_at_ms <= $2 THEN $3 ELSE limit_counter.expires_at_ms END
RETURNING count, expires_at_ms;

-- :name limit_get :read :one
SELECT count, expires_at_ms FROM limit_counter WHERE key = $1 AND expires_at_ms > $2;

-- :name limit_clear :write :exec
DELETE FROM limit_counter WHERE key = $1;
