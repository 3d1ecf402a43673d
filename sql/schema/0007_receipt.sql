-- What a carrier has said about an SMS after it had taken it.
ALTER TABLE outbox ADD COLUMN receipt TEXT NOT NULL DEFAULT ''; -- accepted | delivered | undelivered
