-- A person's floor: codes that are sent (SMS, call, e-mail) sign them in no longer. src/core/floor.h
ALTER TABLE person ADD COLUMN strong_only BIGINT NOT NULL DEFAULT 0;
