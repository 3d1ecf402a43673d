-- Devices and the questions that are put to them.

-- A push factor's other half: the key that signs, and how the device is reached.
CREATE TABLE device (
    factor_id BIGINT PRIMARY KEY REFERENCES factor (id),
    credential_sid TEXT NOT NULL UNIQUE, -- CR…: names the key in device tokens of the Verify dialect
    public_key BYTEA NOT NULL,           -- P-256 point, 65 bytes
    platform TEXT NOT NULL,              -- what the person reads: "Chrome on Android"
    push_kind TEXT NOT NULL,             -- none | webpush | fcm | apn
    push_endpoint TEXT NOT NULL,
    push_key BYTEA,                      -- webpush: the subscription's p256dh point
    push_auth BYTEA,                     -- webpush: its auth secret
    last_seen_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- Signed device requests are accepted once. Rows outlive the accepted clock difference.
CREATE TABLE device_nonce (
    factor_id BIGINT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    PRIMARY KEY (factor_id, nonce)
);
CREATE INDEX device_nonce_expires ON device_nonce (expires_at_ms);

-- A question put to a person's devices. shown is the exact text that the device displays and signs
-- the digest of; hidden_details only its digest reaches the device.
CREATE TABLE challenge (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE,  -- YC…
    uuid TEXT NOT NULL UNIQUE, -- the Authy dialect's name for it
    service_id BIGINT NOT NULL REFERENCES service (id),
    identity_id BIGINT NOT NULL REFERENCES identity (id),
    factor_id BIGINT NOT NULL, -- 0: any device of the identity
    login_id BIGINT NOT NULL,  -- 0: asked by an application
    message TEXT NOT NULL,
    details TEXT NOT NULL,        -- JSON array of {"label","value"}
    hidden_details TEXT NOT NULL, -- JSON object or empty
    logos TEXT NOT NULL,          -- JSON array or empty
    shown TEXT NOT NULL,
    needs_digits BIGINT NOT NULL, -- 0: approve-only, for API compatibility; not SP 800-63B-4
    state TEXT NOT NULL,          -- pending | approved | denied | expired | canceled
    reason TEXT NOT NULL,         -- denied: person | not_me | wrong_digits; canceled: superseded | ...
    notified BIGINT NOT NULL,     -- pushes sent
    answered_by BIGINT NOT NULL,  -- factor id
    answered_at_ms BIGINT,
    payload TEXT NOT NULL, -- the bytes that the device signed
    signature BYTEA,
    metadata TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT -- NULL: never
);
CREATE INDEX challenge_identity ON challenge (identity_id, state);
CREATE INDEX challenge_login ON challenge (login_id);

-- Pushes since the last success, and whether "this wasn't me" has stopped them (attack 58).
ALTER TABLE identity ADD COLUMN push_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity ADD COLUMN push_stopped_at_ms BIGINT;

-- Pairing links name the identity; the portal's also the session that started them.
ALTER TABLE link ADD COLUMN identity_id BIGINT NOT NULL DEFAULT 0;
