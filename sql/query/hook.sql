-- Where applications are told of what happens: items of the kinds that core/hook.c names.

-- :name hook_list :read :many
SELECT i.id, i.sid, i.data, i.service_id, s.name, h.failures, h.off_at_ms, h.why
FROM item i JOIN service s ON s.id = i.service_id LEFT JOIN hook h ON h.item_id = i.id
WHERE i.kind IN ('webhook', 'subscriber') AND s.status = 'active'
ORDER BY i.service_id, i.id LIMIT 1000;

-- :name hook_by_id :read :one
SELECT i.id, i.sid, i.data, i.service_id, s.name, h.failures, h.off_at_ms, h.why
FROM item i JOIN service s ON s.id = i.service_id LEFT JOIN hook h ON h.item_id = i.id
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
SELECT id, sid, name, callback_url, callback_failures, callback_off_url, callback_off_at_ms
FROM service WHERE status = 'active' AND (callback_url <> '' OR callback_off_url <> '')
ORDER BY id LIMIT 1000;
