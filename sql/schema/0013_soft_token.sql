-- Soft tokens: a code that a paired device shows for an application's user (kind totp). It ends with
-- the device, whose factor this is; 0: an authenticator app of the user's own.
ALTER TABLE factor ADD COLUMN device_id BIGINT NOT NULL DEFAULT 0;
