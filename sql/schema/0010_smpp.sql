-- Receipts of SMPP name the message as the carrier does.
CREATE INDEX outbox_provider ON outbox (provider_id, id) WHERE provider_id <> '';
