-- Tokens that are void before they end. Written by the commit that takes something away, so that it holds whatever
-- becomes of Redis, which only has it told sooner: every isolate reads it again within 30 s. Kept a little longer than
-- any token lives (900 s, and 60 s between clocks).

CREATE TABLE token_void (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- A session, an account or an app by its id; one token alone by its SHA-256 in hex.
  subject TEXT NOT NULL,
  -- Tokens of the subject that were issued before are void.
  void_before INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_void_newest ON token_void (organization_id, created_at, subject, void_before);

-- Each that comes takes some that are over with it, so that a burst is forgotten as it came.
CREATE TRIGGER token_void_forgets AFTER INSERT ON token_void BEGIN
  DELETE FROM token_void WHERE organization_id = NEW.organization_id AND subject IN (
    SELECT v.subject FROM token_void v
    WHERE v.organization_id = NEW.organization_id AND v.created_at < NEW.created_at - 1200000
    ORDER BY v.created_at LIMIT 10);
END;

-- A session that has ended gets no new token: all that it ever had are void. One that was not refreshed for so long
-- has none.
CREATE TRIGGER session_voids_its_tokens AFTER UPDATE OF revoked_at ON session
WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL AND NEW.revoked_at - 1200000 < NEW.rotated_at
BEGIN
  INSERT INTO token_void (organization_id, subject, void_before, created_at)
  VALUES (NEW.organization_id, NEW.id, 9223372036854775807, NEW.revoked_at)
  ON CONFLICT (organization_id, subject) DO UPDATE
  SET void_before = excluded.void_before, created_at = max(created_at, excluded.created_at);
END;

-- The staff does what it may by now, not what it might when its tokens were issued. A customer who becomes one of it
-- has lost nothing.
CREATE TRIGGER account_voids_its_tokens AFTER UPDATE OF role, grants, state ON account
WHEN (OLD.role <> 'customer' AND (OLD.role <> NEW.role OR OLD.grants <> NEW.grants))
  OR (OLD.state <> 'suspended' AND NEW.state = 'suspended')
BEGIN
  INSERT INTO token_void (organization_id, subject, void_before, created_at)
  VALUES (NEW.organization_id, NEW.id, NEW.updated_at + 1, NEW.updated_at)
  ON CONFLICT (organization_id, subject) DO UPDATE
  SET void_before = max(void_before, excluded.void_before), created_at = max(created_at, excluded.created_at);
END;

CREATE TRIGGER custom_role_voids_tokens AFTER UPDATE OF scopes ON custom_role
WHEN OLD.scopes <> NEW.scopes
BEGIN
  INSERT INTO token_void (organization_id, subject, void_before, created_at)
  SELECT a.organization_id, a.id, NEW.updated_at + 1, NEW.updated_at FROM account a
  WHERE a.organization_id = NEW.organization_id AND a.role = NEW.id
  ON CONFLICT (organization_id, subject) DO UPDATE
  SET void_before = max(void_before, excluded.void_before), created_at = max(created_at, excluded.created_at);
END;

CREATE TRIGGER app_voids_its_tokens AFTER UPDATE OF revoked_at ON app
WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
BEGIN
  INSERT INTO token_void (organization_id, subject, void_before, created_at)
  VALUES (NEW.organization_id, NEW.id, 9223372036854775807, NEW.revoked_at)
  ON CONFLICT (organization_id, subject) DO UPDATE
  SET void_before = excluded.void_before, created_at = max(created_at, excluded.created_at);
END;
