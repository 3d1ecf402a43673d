-- Where applications are told of what happens: items of the kinds that core/hook.c names.

-- :name hook_list :read :many
SELECT i.id, i.sid, i.data, i.service_id, s.name, h.failures, h.off_at_ms, h.why, r.until_ms
FROM item i JOIN service s ON s.id = i.service_id LEFT JOIN hook h ON h.item_id = i.id
    LEFT JOIN hook_rest r ON r.service_id = i.service_id AND r.hook_id = i.id
WHERE i.kind IN ('webhook', 'subscriber') AND s.status = 'active'
ORDER BY i.service_id, i.id LIMIT 1000;

-- :name hook_by_id :read :one
SELECT i.id, i.sid, i.data, i.service_id, s.name, h.failures, h.off_at_ms, h.why, r.until_ms
FROM item i JOIN service s ON s.id = i.service_id LEFT JOIN hook h ON h.item_id = i.id
    LEFT JOIN hook_rest r ON r.service_id = i.service_id AND r.hook_id = i.id
WHERE i.id = $1 AND i.kind IN ('webhook', 'subscriber') AND s.status = 'active';

-- :name hook_taken :write :exec
DELETE FROM hook WHERE item_id = $1;

-- :name hook_failed :write :one
INSERT INTO hook (item_id, failures, why) VALUES ($1, 1, $2)
ON CONFLICT (item_id) DO UPDATE SET failures = hook.failures + 1, why = excluded.why
RETURNING failures;

-- :name hook_off :write :exec
INSERT INTO hook (item_id, failures, off_at_ms, why) VALUES ($1, 0, $2, $3)
ON CONFLICT (item_id) DO UPDATE SET off_at_ms = excluded.off_at_ms
WHERE hook.off_at_ms IS NULL;

-- :name callback_list :read :many
-- Services that have a callback URL, or had one that failed too often.
SELECT s.id, s.sid, s.name, s.callback_url, s.callback_failures, s.callback_off_url,
    s.callback_off_at_ms, r.until_ms
FROM service s LEFT JOIN hook_rest r ON r.service_id = s.id AND r.hook_id = 0
WHERE s.status = 'active' AND (s.callback_url <> '' OR s.callback_off_url <> '')
ORDER BY s.id LIMIT 1000;

-- Rests: core/hook_rest.h.

-- :name hook_rest_failed :write :one
INSERT INTO hook_rest (service_id, hook_id, failures, rests, until_ms) VALUES ($1, $2, 1, 0, 0)
ON CONFLICT (service_id, hook_id) DO UPDATE SET failures = hook_rest.failures + 1
RETURNING failures, rests, until_ms;

-- :name hook_rest_begin :write :exec
UPDATE hook_rest SET failures = 0, rests = rests + 1, until_ms = $1
WHERE service_id = $2 AND hook_id = $3;

-- :name hook_rest_end :write :exec
DELETE FROM hook_rest WHERE service_id = $1 AND hook_id = $2;

-- :name hook_rest_end_of_item :write :exec
DELETE FROM hook_rest WHERE hook_id = $1 AND hook_id <> 0;

-- :name hook_rest_any :read :one
SELECT hook_id FROM hook_rest WHERE until_ms > $1 LIMIT 1;

-- :name hook_rest_put_off :write :exec
-- What is due waits until the rest is over, each row once; the last attempt is made in time.
UPDATE outbox SET next_at_ms = (SELECT CASE WHEN r.until_ms < outbox.expires_at_ms - $1 THEN r.until_ms
        ELSE outbox.expires_at_ms - $1 END
    FROM hook_rest r WHERE r.service_id = outbox.service_id AND r.hook_id = outbox.hook_id)
WHERE channel = 'webhook' AND state = 'queued' AND next_at_ms <= $2 AND expires_at_ms > $3
  AND EXISTS (SELECT 1 FROM hook_rest r
    WHERE r.service_id = outbox.service_id AND r.hook_id = outbox.hook_id AND r.until_ms > $2);
