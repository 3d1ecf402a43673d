-- How messages leave: the courier claims a row, sends it, and books what came of it.
--
--   shown (demo: read at /outbox, never sent)
--   queued -> sending -> sent | failed | expired;  sending -> queued to try again

-- While sending, next_at_ms is the end of the claim; who sends must settle before.
ALTER TABLE outbox ADD COLUMN provider_id TEXT NOT NULL DEFAULT ''; -- the carrier's name for it
-- Attempts whose answer was lost: the message may have arrived more often than once.
ALTER TABLE outbox ADD COLUMN lost_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN settled_at_ms BIGINT;

DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (channel, state, next_at_ms);
