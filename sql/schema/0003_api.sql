-- What the two HTTP interfaces need beyond the portal.

-- A number or address that one service's applications sent codes to: wrong codes are counted here, so
-- that neither a new code nor another interface gives new tries (attacks 10, 12).
CREATE TABLE target (
    id BIGINT PRIMARY KEY,
    service_id BIGINT NOT NULL REFERENCES service (id),
    target TEXT NOT NULL, -- E.164, or an e-mail address in lower case
    fail_count BIGINT NOT NULL, -- consecutive
    locked_until_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (service_id, target)
);
CREATE INDEX target_updated ON target (updated_at_ms);

-- What a code is for: it counts for nothing else (attack 17). Empty outside of the interfaces.
ALTER TABLE verification ADD COLUMN action TEXT NOT NULL DEFAULT '';
CREATE INDEX verification_target ON verification (service_id, target);
CREATE INDEX verification_identity ON verification (identity_id, state);

-- The first right code of an application's user.
ALTER TABLE identity ADD COLUMN confirmed_at_ms BIGINT;

-- What the operator calls a key pair.
ALTER TABLE credential ADD COLUMN name TEXT NOT NULL DEFAULT '';

-- Whether applications may choose codes themselves; whether nothing is sent and zeros are right.
ALTER TABLE service ADD COLUMN custom_code BIGINT NOT NULL DEFAULT 0;
ALTER TABLE service ADD COLUMN test_mode BIGINT NOT NULL DEFAULT 0;
