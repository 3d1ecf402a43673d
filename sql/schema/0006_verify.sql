-- What the Verify dialect needs beyond the other one.

-- Settings of a service that only the dialect has: a JSON object, checked before it is written.
ALTER TABLE service ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- Things that applications set up beside a service, each with a name that is unique in its place.
CREATE TABLE item (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id),
    service_id BIGINT NOT NULL, -- 0: the account's
    parent_id BIGINT NOT NULL,  -- a bucket's rate limit, a notification's challenge; 0: none
    kind TEXT NOT NULL, -- rate_limit | bucket | webhook | messaging | token | notification | safe
    name TEXT NOT NULL,
    data TEXT NOT NULL, -- JSON object
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (account_id, service_id, parent_id, kind, name)
);
CREATE INDEX item_place ON item (account_id, service_id, parent_id, kind, id);

-- Every message of every verification: what was sent, and whether its code came back.
CREATE TABLE attempt (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE, -- VL…
    account_id BIGINT NOT NULL REFERENCES account (id),
    service_id BIGINT NOT NULL REFERENCES service (id),
    verification_id BIGINT NOT NULL,
    verification_sid TEXT NOT NULL,
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    country TEXT NOT NULL, -- "US"; empty for e-mail
    locale TEXT NOT NULL,
    digits BIGINT NOT NULL,
    converted BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL -- of the code
);
CREATE INDEX attempt_account ON attempt (account_id, id);
CREATE INDEX attempt_verification ON attempt (verification_id);

-- Dynamic linking (PSD2): the code is good for this payment only. Empty outside of it.
ALTER TABLE verification ADD COLUMN amount TEXT NOT NULL DEFAULT '';
ALTER TABLE verification ADD COLUMN payee TEXT NOT NULL DEFAULT '';

-- Factors that applications make: several of a kind may be on, each with its own tolerance.
ALTER TABLE factor ADD COLUMN skew BIGINT NOT NULL DEFAULT 1; -- TOTP: steps either side
ALTER TABLE factor ADD COLUMN several BIGINT NOT NULL DEFAULT 0;
ALTER TABLE factor ADD COLUMN metadata TEXT NOT NULL DEFAULT ''; -- JSON object of texts or empty
ALTER TABLE factor ADD COLUMN updated_at_ms BIGINT NOT NULL DEFAULT 0;

-- What an application says about its app on a device.
ALTER TABLE device ADD COLUMN app_id TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN sdk_version TEXT NOT NULL DEFAULT '';

-- Codes tried against a challenge of an authenticator app.
ALTER TABLE challenge ADD COLUMN check_count BIGINT NOT NULL DEFAULT 0;
