-- Invitations to the staff. The token in the mail is never stored; the address is sealed, and found by its hash.

CREATE TABLE invitation (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  email_hash TEXT NOT NULL CHECK (length(email_hash) = 64),
  email_sealed TEXT NOT NULL,
  role TEXT NOT NULL,
  -- JSON array of grants, as of an account.
  grants TEXT NOT NULL CHECK (json_valid(grants)),
  locale TEXT NOT NULL,
  -- SHA-256 of the token in the newest mail, in hex.
  token_hash TEXT NOT NULL CHECK (length(token_hash) = 64),
  invited_by TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  accepted_at INTEGER,
  -- Where it is the moment of the end, nobody revoked it: it was put away for another one.
  revoked_at INTEGER,
  CHECK (accepted_at IS NULL OR revoked_at IS NULL)
) STRICT;

-- One address is invited once at a time.
CREATE UNIQUE INDEX invitation_open ON invitation (organization_id, email_hash)
  WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX invitation_token ON invitation (organization_id, token_hash);
CREATE INDEX invitation_list ON invitation (organization_id, id);

CREATE TRIGGER custom_role_invited_to BEFORE DELETE ON custom_role
WHEN EXISTS (SELECT 1 FROM invitation i WHERE i.organization_id = OLD.organization_id AND i.role = OLD.id
    AND i.accepted_at IS NULL AND i.revoked_at IS NULL)
BEGIN
  SELECT RAISE(ABORT, 'ROLE_IN_USE');
END;
