-- Places of applications (core/hook.h) that fail again and again rest, so that the others get their turn.
CREATE TABLE hook_rest (
    service_id BIGINT NOT NULL,
    hook_id BIGINT NOT NULL,  -- 0: the service's callback URL
    failures BIGINT NOT NULL, -- attempts in a row, since the last rest
    rests BIGINT NOT NULL,    -- in a row
    until_ms BIGINT NOT NULL, -- 0: it does not rest
    PRIMARY KEY (service_id, hook_id)
);
