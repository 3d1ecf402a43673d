-- When a device is paired, the other invitations of its identity end.
CREATE INDEX link_identity ON link (identity_id, purpose);
