-- A sign-in's request that a telephone is asked about (core/keyed.h): its calls.
ALTER TABLE outbox ADD COLUMN challenge_id BIGINT NOT NULL DEFAULT 0; -- 0: the message is about none
CREATE INDEX outbox_challenge ON outbox (challenge_id, id) WHERE challenge_id <> 0;
