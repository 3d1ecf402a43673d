-- Messages to phones cost money: what stops them, and what they cost.

-- Messages to numbers that begin alike, in the present window.
CREATE TABLE phone_prefix (
    prefix TEXT NOT NULL, -- "+3725550"
    level BIGINT NOT NULL, -- 0: all but the last four digits, 1: country and three digits
    window_at_ms BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    proved BIGINT NOT NULL, -- of these, whose code came back
    paused_until_ms BIGINT NOT NULL, -- 0: is not
    pauses BIGINT NOT NULL, -- one behind the other
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (prefix, level)
);
CREATE INDEX phone_prefix_updated ON phone_prefix (updated_at_ms);

-- The operator's word about a beginning.
CREATE TABLE phone_rule (
    prefix TEXT PRIMARY KEY,
    action TEXT NOT NULL, -- allow | pause
    created_at_ms BIGINT NOT NULL
);

-- By day (since 1970, UTC). Money in millionths.
CREATE TABLE phone_spend (
    day BIGINT PRIMARY KEY,
    messages BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    extra BIGINT NOT NULL, -- what the operator added to the cap
    told BIGINT NOT NULL   -- percent that the operator was told of
);

ALTER TABLE outbox ADD COLUMN charge BIGINT NOT NULL DEFAULT 0;  -- what it costs
ALTER TABLE outbox ADD COLUMN counted BIGINT NOT NULL DEFAULT 0; -- 1: its code has not come back yet
CREATE INDEX outbox_verification ON outbox (verification_id);

ALTER TABLE service ADD COLUMN countries TEXT NOT NULL DEFAULT ''; -- empty: the operator's list
