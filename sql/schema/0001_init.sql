-- The first schema. Times are Unix ms (UTC). Columns named *_sealed hold vault blobs (crypto/vault.h),
-- whose associated data names table, column, row and owner. Tokens are stored as SHA-256 hashes.
-- Flags and states are words, so that a reader of a dump understands them.

-- Keys of the installation itself: audit chain, form tokens, derived links, limiter keys.
CREATE TABLE secret_key (
    id BIGINT PRIMARY KEY,
    purpose TEXT NOT NULL UNIQUE,
    key_sealed BYTEA NOT NULL
);

-- Who operates: owns services, holds credentials.
CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE, -- AC…
    name TEXT NOT NULL,
    status TEXT NOT NULL, -- active | closed
    created_at_ms BIGINT NOT NULL
);

-- One protected application.
CREATE TABLE service (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE, -- VA…
    account_id BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    name_key TEXT UNIQUE, -- lower case; how the command line names it; NULL once deleted
    policy TEXT NOT NULL, -- optional | required | strict
    code_digits BIGINT NOT NULL,
    callback_url TEXT NOT NULL,
    code_key_sealed BYTEA NOT NULL, -- sent codes are derived from it
    status TEXT NOT NULL,           -- active | deleted
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

-- What an application proves itself with. Several may hold at once, so that keys rotate without a gap.
CREATE TABLE credential (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    service_id BIGINT REFERENCES service (id), -- NULL: all of the account's
    kind TEXT NOT NULL,                        -- auth_token | api_key | key_pair
    sid TEXT UNIQUE,                           -- SK… of a key_pair
    secret_hash BYTEA NOT NULL UNIQUE,
    secret_sealed BYTEA NOT NULL, -- callbacks are signed with it
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT -- NULL: until rotated
);
CREATE INDEX credential_account ON credential (account_id);

-- A person as one service knows them.
CREATE TABLE identity (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE, -- YE…
    service_id BIGINT NOT NULL REFERENCES service (id),
    external TEXT, -- the application's own name for them
    authy_id BIGINT UNIQUE,
    email TEXT NOT NULL,
    email_verified_at_ms BIGINT,
    phone TEXT NOT NULL, -- E.164 or empty
    country_code TEXT NOT NULL,
    phone_verified_at_ms BIGINT,
    fail_count BIGINT NOT NULL, -- consecutive wrong codes over all factors
    status TEXT NOT NULL,       -- active | disabled | deleted
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (service_id, external)
);
CREATE INDEX identity_phone ON identity (service_id, phone);

-- An account of the portal: owns one identity in the portal's service.
CREATE TABLE person (
    id BIGINT PRIMARY KEY,
    identity_id BIGINT NOT NULL UNIQUE REFERENCES identity (id),
    name TEXT NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    email_key TEXT NOT NULL UNIQUE,
    about TEXT NOT NULL,
    password_sealed BYTEA NOT NULL, -- an Argon2id string, sealed: the sealing key is the pepper
    password_long BIGINT NOT NULL,  -- 1: at least 15 characters
    password_at_ms BIGINT NOT NULL,
    password_fail_count BIGINT NOT NULL, -- consecutive
    must_reset BIGINT NOT NULL,          -- 1: the password is no longer trusted
    last_seen_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

-- A sign-up whose e-mail is not confirmed yet. It reserves nothing.
CREATE TABLE signup (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    phone TEXT NOT NULL,
    country_code TEXT NOT NULL,
    password_sealed BYTEA NOT NULL,
    password_long BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX signup_email ON signup (email_key);
CREATE INDEX signup_expires ON signup (expires_at_ms);

-- A way to prove oneself beyond the password.
CREATE TABLE factor (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE, -- YF…
    identity_id BIGINT NOT NULL REFERENCES identity (id),
    kind TEXT NOT NULL,   -- totp | sms | voice | email | recovery | push | passkey
    status TEXT NOT NULL, -- pending | active | off
    off_reason TEXT NOT NULL, -- person | failures | operator | replaced | expired
    name TEXT NOT NULL,
    target TEXT NOT NULL, -- the number or address that was proved
    session_id BIGINT NOT NULL, -- pending: the session that started it
    secret_sealed BYTEA,
    alg TEXT NOT NULL,
    digits BIGINT NOT NULL,
    period_s BIGINT NOT NULL,
    last_step BIGINT NOT NULL, -- only a larger TOTP step is accepted
    fail_count BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    verified_at_ms BIGINT,
    used_at_ms BIGINT,
    off_at_ms BIGINT
);
CREATE INDEX factor_identity ON factor (identity_id, status);

CREATE TABLE recovery_code (
    id BIGINT PRIMARY KEY,
    factor_id BIGINT NOT NULL REFERENCES factor (id),
    number BIGINT NOT NULL, -- 0-9, and the first character of the code
    hash_sealed BYTEA NOT NULL,
    used_at_ms BIGINT,
    UNIQUE (factor_id, number)
);

-- A sign-in or step-up attempt. Approvals and codes belong to it, never to the person.
CREATE TABLE login (
    id BIGINT PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    person_id BIGINT NOT NULL REFERENCES person (id),
    purpose TEXT NOT NULL, -- sign_in | step_up
    action TEXT NOT NULL,  -- step_up: fresh | factor_off
    action_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL, -- step_up: whose
    state TEXT NOT NULL,        -- open | approved | done | denied
    amr BIGINT NOT NULL,        -- what was proved so far
    method TEXT NOT NULL,       -- the factor kind being asked for
    next TEXT NOT NULL,
    remember BIGINT NOT NULL,
    addr TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX login_expires ON login (expires_at_ms);
CREATE INDEX login_person ON login (person_id, state);

-- A code sent over a channel, and its checks.
CREATE TABLE verification (
    id BIGINT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE, -- VE…
    service_id BIGINT NOT NULL REFERENCES service (id),
    identity_id BIGINT REFERENCES identity (id),
    factor_id BIGINT REFERENCES factor (id),
    login_id BIGINT NOT NULL,
    purpose TEXT NOT NULL, -- enrol | login | api
    channel TEXT NOT NULL, -- sms | voice | email
    target TEXT NOT NULL,
    state TEXT NOT NULL, -- pending | approved | canceled | max_attempts | expired
    digits BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    custom_sealed BYTEA,
    send_count BIGINT NOT NULL,
    check_count BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    sent_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX verification_factor ON verification (factor_id, state);
CREATE INDEX verification_expires ON verification (expires_at_ms);

CREATE TABLE session (
    id BIGINT PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    person_id BIGINT NOT NULL REFERENCES person (id),
    amr BIGINT NOT NULL,
    remember BIGINT NOT NULL,
    addr TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    fresh_at_ms BIGINT NOT NULL, -- last full proof
    expires_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT,
    ended_why TEXT
);
CREATE INDEX session_person ON session (person_id, ended_at_ms);
CREATE INDEX session_expires ON session (expires_at_ms);

-- A link that was mailed. The token is derived from the row's id: neither it nor a message holds it.
CREATE TABLE link (
    id BIGINT PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    purpose TEXT NOT NULL, -- confirm_sign_up | confirm_email | reset_password | not_me
    person_id BIGINT REFERENCES person (id),
    signup_id BIGINT NOT NULL,
    factor_id BIGINT NOT NULL, -- not_me: the factor that was switched off
    data TEXT NOT NULL,        -- confirm_email: the new address
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT
);
CREATE INDEX link_person ON link (person_id, purpose);
CREATE INDEX link_expires ON link (expires_at_ms);

-- Messages to send, committed with the change that causes them. They hold no secret: codes and links
-- are derived when a message is rendered.
CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    service_id BIGINT NOT NULL REFERENCES service (id),
    identity_id BIGINT NOT NULL,
    channel TEXT NOT NULL, -- sms | voice | email
    target TEXT NOT NULL,
    template TEXT NOT NULL,
    verification_id BIGINT NOT NULL,
    link_id BIGINT NOT NULL,
    params TEXT NOT NULL, -- JSON object of plain values for the template
    state TEXT NOT NULL,  -- queued | sent | failed | expired
    attempts BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    why TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (state, next_at_ms);
CREATE INDEX outbox_target ON outbox (target, id);

-- Append only. mac = HMAC(audit key, previous mac and every field): a change, a gap or a reordering shows.
CREATE TABLE audit (
    id BIGINT PRIMARY KEY, -- 1, 2, 3, …
    at_ms BIGINT NOT NULL,
    service_id BIGINT NOT NULL,
    identity_id BIGINT NOT NULL,
    actor TEXT NOT NULL, -- person | operator | system | app
    event TEXT NOT NULL,
    addr TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    detail TEXT NOT NULL,
    mac BYTEA NOT NULL
);
CREATE INDEX audit_identity ON audit (identity_id, id);

CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY, -- always 1
    seq BIGINT NOT NULL,
    mac BYTEA NOT NULL
);

-- Durable budgets. The key is an HMAC of scope and subject, so the table names nobody.
CREATE TABLE limit_counter (
    key BYTEA PRIMARY KEY,
    count BIGINT NOT NULL,
    started_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX limit_counter_expires ON limit_counter (expires_at_ms);
