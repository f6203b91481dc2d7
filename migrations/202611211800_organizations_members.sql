-- Members are the staff among an organization's accounts: an account's role, grants and state are its membership.

-- A permission set of the organization's own, which accounts name by its id.
CREATE TABLE custom_role (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  -- With blanks between.
  scopes TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
) STRICT;

CREATE INDEX account_staff ON account (organization_id, id) WHERE role <> 'customer';
CREATE INDEX account_role ON account (organization_id, role, state);

-- Two owners who leave at once were both told that another one stays.
CREATE TRIGGER account_last_owner BEFORE UPDATE OF role, state ON account
WHEN OLD.role = 'owner' AND OLD.state = 'active' AND (NEW.role <> 'owner' OR NEW.state <> 'active')
  AND NOT EXISTS (SELECT 1 FROM account o WHERE o.organization_id = OLD.organization_id AND o.role = 'owner'
    AND o.state = 'active' AND o.id <> OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'LAST_OWNER');
END;

CREATE TRIGGER account_last_owner_stays BEFORE DELETE ON account
WHEN OLD.role = 'owner' AND OLD.state = 'active'
  AND NOT EXISTS (SELECT 1 FROM account o WHERE o.organization_id = OLD.organization_id AND o.role = 'owner'
    AND o.state = 'active' AND o.id <> OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'LAST_OWNER');
END;

-- Nobody has a custom role that is not there, and none goes away while somebody has it.
CREATE TRIGGER account_role_exists BEFORE UPDATE OF role ON account
WHEN NEW.role GLOB 'role_*' AND NOT EXISTS (SELECT 1 FROM custom_role c WHERE c.organization_id = NEW.organization_id
    AND c.id = NEW.role)
BEGIN
  SELECT RAISE(ABORT, 'NO_SUCH_ROLE');
END;

CREATE TRIGGER account_begins_with_a_role BEFORE INSERT ON account
WHEN NEW.role GLOB 'role_*' AND NOT EXISTS (SELECT 1 FROM custom_role c WHERE c.organization_id = NEW.organization_id
    AND c.id = NEW.role)
BEGIN
  SELECT RAISE(ABORT, 'NO_SUCH_ROLE');
END;

CREATE TRIGGER custom_role_in_use BEFORE DELETE ON custom_role
WHEN EXISTS (SELECT 1 FROM account a WHERE a.organization_id = OLD.organization_id AND a.role = OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'ROLE_IN_USE');
END;
