-- Channels that fail are left alone for a while, and codes may go another way.

CREATE TABLE channel_health (
    channel TEXT PRIMARY KEY, -- sms | voice | email | whatsapp
    state BIGINT NOT NULL, -- 0 closed, 1 open, 2 half open
    paused BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    window_at_ms BIGINT NOT NULL,
    ok BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    openings BIGINT NOT NULL,
    probe_at_ms BIGINT NOT NULL,
    rest_until_ms BIGINT NOT NULL,
    sent_at_ms BIGINT NOT NULL,
    failed_at_ms BIGINT NOT NULL,
    why TEXT NOT NULL
);

ALTER TABLE service ADD COLUMN fallback TEXT NOT NULL DEFAULT ''; -- "sms voice email"; empty: none
ALTER TABLE verification ADD COLUMN went_channel TEXT NOT NULL DEFAULT ''; -- when it went another way
ALTER TABLE verification ADD COLUMN went_target TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN rerouted BIGINT NOT NULL DEFAULT 0; -- 1: another way was looked for
