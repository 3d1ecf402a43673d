-- A second factor that somebody else's server runs (second_factor = authy | verify).

-- Who a person is there. The id is that server's.
CREATE TABLE remote_user (
    identity_id BIGINT PRIMARY KEY REFERENCES identity (id),
    user_id TEXT NOT NULL,
    phone TEXT NOT NULL, -- the number it was registered with
    created_at_ms BIGINT NOT NULL
);

-- What is asked of it, a row a question, and what it said. A question belongs to one sign-in or
-- step-up attempt, or (login_id = 0) to turning the factor on.
CREATE TABLE remote_call (
    id BIGINT PRIMARY KEY,
    identity_id BIGINT NOT NULL,
    factor_id BIGINT NOT NULL, -- 0: registered ahead of any factor
    login_id BIGINT NOT NULL,
    op TEXT NOT NULL,    -- register | ask | sms | call | check
    state TEXT NOT NULL, -- queued | sending | done
    said TEXT NOT NULL,  -- words of core/remote.c; pending: an approval request that nobody answered
    ref TEXT NOT NULL,   -- ask: the request's uuid; sms, call, check: the verification's SID
    code_sealed BYTEA,   -- check: as typed, until it is answered
    attempts BIGINT NOT NULL,
    why TEXT NOT NULL,
    next_at_ms BIGINT NOT NULL, -- queued: not before; sending: when the claim lapses
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX remote_call_due ON remote_call (state, next_at_ms);
CREATE INDEX remote_call_turn ON remote_call (factor_id, login_id, id);
CREATE INDEX remote_call_ref ON remote_call (ref);
CREATE INDEX remote_call_expires ON remote_call (expires_at_ms);
-- One code at a time, so that guesses do not outrun their count (attack 7).
CREATE UNIQUE INDEX remote_call_checking ON remote_call (factor_id)
    WHERE op = 'check' AND state <> 'done';
