-- An organization can be closed, a plan may have no limit, and API keys are limited too.

DROP TRIGGER store_within_plan;
DROP TRIGGER member_within_plan;

ALTER TABLE organization RENAME COLUMN status TO former_status;
ALTER TABLE organization RENAME COLUMN most_stores TO former_stores;
ALTER TABLE organization RENAME COLUMN most_members TO former_members;
ALTER TABLE organization ADD COLUMN status TEXT NOT NULL DEFAULT 'active'
  CHECK (status IN ('active', 'suspended', 'closed'));
-- NULL: as many as they like.
ALTER TABLE organization ADD COLUMN most_stores INTEGER DEFAULT 10 CHECK (most_stores >= 0);
ALTER TABLE organization ADD COLUMN most_members INTEGER DEFAULT 100 CHECK (most_members >= 0);
ALTER TABLE organization ADD COLUMN most_api_keys INTEGER DEFAULT 250 CHECK (most_api_keys >= 0);
UPDATE organization SET status = former_status, most_stores = former_stores, most_members = former_members;
ALTER TABLE organization DROP COLUMN former_status;
ALTER TABLE organization DROP COLUMN former_stores;
ALTER TABLE organization DROP COLUMN former_members;

-- What is compared with NULL is not so: no limit refuses nothing.
CREATE TRIGGER store_within_plan BEFORE INSERT ON store
WHEN (SELECT count(*) FROM store s WHERE s.organization_id = NEW.organization_id)
  >= (SELECT o.most_stores FROM organization o WHERE o.id = NEW.organization_id)
BEGIN
  SELECT RAISE(ABORT, 'PLAN_LIMIT');
END;

CREATE TRIGGER member_within_plan BEFORE UPDATE OF role ON account
WHEN OLD.role = 'customer' AND NEW.role <> 'customer'
  AND (SELECT count(*) FROM account a WHERE a.organization_id = NEW.organization_id AND a.role <> 'customer')
    >= (SELECT o.most_members FROM organization o WHERE o.id = NEW.organization_id)
BEGIN
  SELECT RAISE(ABORT, 'PLAN_LIMIT');
END;

-- Keys are counted by a statement of the commit that makes one: a rotation, which replaces one, is not.
CREATE INDEX api_key_organization ON api_key (organization_id, expires_at)
WHERE revoked_at IS NULL;
