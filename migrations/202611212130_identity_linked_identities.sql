-- Linked identities as their owner sees them: each with a name of its own, the address the provider told, and its last
-- login.

ALTER TABLE external_identity ADD COLUMN id TEXT NOT NULL DEFAULT '';
-- Encrypted with the organization's data key. NULL: the provider told none.
ALTER TABLE external_identity ADD COLUMN email_sealed TEXT;
-- NULL: not since it is kept.
ALTER TABLE external_identity ADD COLUMN last_used_at INTEGER;

-- 26 digits of base32, as any other id.
UPDATE external_identity SET id = 'ext_0' || substr(lower(hex(randomblob(13))), 2);

CREATE UNIQUE INDEX external_identity_id ON external_identity (organization_id, id);
