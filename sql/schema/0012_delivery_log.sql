-- What operators read about messages, and webhooks that failed too often.
ALTER TABLE outbox ADD COLUMN hook_id BIGINT NOT NULL DEFAULT 0; -- the item that is called; 0: none
ALTER TABLE outbox ADD COLUMN price TEXT NOT NULL DEFAULT '';    -- as the carrier says: "0.0333 EUR"
ALTER TABLE outbox ADD COLUMN receipt_at_ms BIGINT;
CREATE INDEX outbox_hook ON outbox (hook_id, id) WHERE hook_id <> 0;

-- Attempts that did not end well. How the whole ended is in outbox.
CREATE TABLE outbox_trouble (
    outbox_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (outbox_id, attempt)
);
CREATE INDEX outbox_trouble_at ON outbox_trouble (at_ms);

-- A webhook that has failed: no row, no failure.
CREATE TABLE hook (
    item_id BIGINT PRIMARY KEY,
    failures BIGINT NOT NULL, -- deliveries in a row
    off_at_ms BIGINT,         -- switched off then
    why TEXT NOT NULL         -- of the last failure
);

-- Which message an attempt of the Verify dialect was.
ALTER TABLE attempt ADD COLUMN outbox_id BIGINT NOT NULL DEFAULT 0;

-- The callback URL that was emptied since it failed too often, until another is set.
ALTER TABLE service ADD COLUMN callback_off_url TEXT NOT NULL DEFAULT '';
ALTER TABLE service ADD COLUMN callback_off_at_ms BIGINT;
