-- :name usage_add :write :exec
INSERT INTO usage_count (service_id, month, kind, count) VALUES ($1, $2, $3, 1)
ON CONFLICT (service_id, month, kind) DO UPDATE SET count = usage_count.count + 1;

-- :name usage_list :read :many
SELECT month, kind, count FROM usage_count WHERE service_id = $1 AND month >= $2;
