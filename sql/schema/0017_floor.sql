-- A person's floor: codes that are sent (SMS, call, e-mail) sign them in no longer.
ALTER TABLE person ADD COLUMN strong_only BIGINT NOT NULL DEFAULT 0;

-- What the level of a session is derived from.
-- asked: second factors that are asked for. One that wrong codes ended still counts, or guessing
--   would open the account it guards. Recovery codes stand in for one and are none.
-- floor: of those, the ones that meet the floor that the person chose; 0 when none was chosen. It
--   needs one of them to hold on to, or it would lock its owner out.
CREATE VIEW person_level AS
SELECT p.id AS person_id,
    (SELECT count(*) FROM factor f WHERE f.identity_id = p.identity_id AND f.kind <> 'recovery'
        AND (f.status = 'active' OR f.off_reason = 'failures')) AS asked,
    CASE WHEN p.strong_only = 0 THEN 0 ELSE
        (SELECT count(*) FROM factor f WHERE f.identity_id = p.identity_id
            AND f.kind IN ('passkey', 'push', 'totp')
            AND (f.status = 'active' OR f.off_reason = 'failures')) END AS floor
FROM person p;
