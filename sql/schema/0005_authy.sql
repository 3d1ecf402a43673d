-- Approval requests of applications: who is told, and how much was used.

-- The key that asked, which the callback is signed with: during a rotation the application still has it.
ALTER TABLE challenge ADD COLUMN credential_id BIGINT NOT NULL DEFAULT 0;

ALTER TABLE service ADD COLUMN callback_method TEXT NOT NULL DEFAULT 'POST'; -- POST | GET
ALTER TABLE service ADD COLUMN callback_failures BIGINT NOT NULL DEFAULT 0;  -- consecutive
ALTER TABLE service ADD COLUMN operator_email TEXT NOT NULL DEFAULT '';      -- told when it is off

-- Counts by application and calendar month (year * 12 + month - 1, UTC).
CREATE TABLE usage_count (
    service_id BIGINT NOT NULL REFERENCES service (id),
    month BIGINT NOT NULL,
    kind TEXT NOT NULL, -- sms | call | user | auth
    count BIGINT NOT NULL,
    PRIMARY KEY (service_id, month, kind)
);
