-- Settings of organizations and stores, what a plan allows, and stores that are connections to marketplaces.

ALTER TABLE organization ADD COLUMN currency TEXT NOT NULL DEFAULT 'EUR' CHECK (length(currency) = 3);
ALTER TABLE organization ADD COLUMN timezone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE organization ADD COLUMN locale TEXT NOT NULL DEFAULT 'en';
ALTER TABLE organization ADD COLUMN tax_mode TEXT NOT NULL DEFAULT 'inclusive'
  CHECK (tax_mode IN ('inclusive', 'exclusive'));
ALTER TABLE organization ADD COLUMN rounding TEXT NOT NULL DEFAULT 'half-up'
  CHECK (rounding IN ('half-up', 'half-even', 'half-down'));
ALTER TABLE organization ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended'));
-- What the plan allows.
ALTER TABLE organization ADD COLUMN most_stores INTEGER NOT NULL DEFAULT 10;
ALTER TABLE organization ADD COLUMN most_members INTEGER NOT NULL DEFAULT 100;
ALTER TABLE organization ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- NULL: as the organization has it. The currency of a store is its own, and never changes.
ALTER TABLE store ADD COLUMN timezone TEXT;
ALTER TABLE store ADD COLUMN locale TEXT;
ALTER TABLE store ADD COLUMN tax_mode TEXT CHECK (tax_mode IN ('inclusive', 'exclusive'));
ALTER TABLE store ADD COLUMN rounding TEXT CHECK (rounding IN ('half-up', 'half-even', 'half-down'));
ALTER TABLE store ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended'));
-- NULL: a storefront of our own. Else the platform that it is a connection to.
ALTER TABLE store ADD COLUMN platform TEXT;
-- JSON of names and values, encrypted with the organization's data key.
ALTER TABLE store ADD COLUMN credentials_sealed TEXT;
ALTER TABLE store ADD COLUMN health TEXT NOT NULL DEFAULT 'unknown'
  CHECK (health IN ('unknown', 'healthy', 'failing'));
ALTER TABLE store ADD COLUMN last_sync_at INTEGER;
ALTER TABLE store ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

CREATE INDEX store_organization ON store (organization_id, id);

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

-- A suspended store's keys open nothing: with the last one nobody could log in any more to end it.
CREATE TRIGGER store_last_active BEFORE UPDATE OF status ON store
WHEN OLD.status = 'active' AND NEW.status = 'suspended'
  AND NOT EXISTS (SELECT 1 FROM store s WHERE s.organization_id = OLD.organization_id AND s.status = 'active'
    AND s.platform IS NULL AND s.id <> OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'LAST_STORE');
END;
