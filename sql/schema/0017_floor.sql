-- A person's floor: codes that are sent (SMS, call, e-mail) sign them in no longer. src/core/floor.h
ALTER TABLE person ADD COLUMN strong_only BIGINT NOT NULL DEFAULT 0;

-- When its owner lowered it last, so that "this wasn't me" can raise it again; 0 = not.
ALTER TABLE person ADD COLUMN floor_lowered_at_ms BIGINT NOT NULL DEFAULT 0;
