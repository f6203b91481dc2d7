-- Customers who are exempt from tax by a certificate, the external provider that a store may ask for its taxes, and a
-- version that no change of rounding escapes.

CREATE TABLE tax_exemption (
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  -- The certificate's number and the note: they may be a person's.
  personal_sealed TEXT NOT NULL,
  -- JSON: the ids of the tax zones that it holds in; none: everywhere.
  zones TEXT NOT NULL CHECK (json_type(zones) = 'array'),
  valid_from INTEGER,
  -- The first instant that it holds no more.
  valid_until INTEGER CHECK (valid_until > valid_from),
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (store_id, id)
) STRICT;

CREATE INDEX tax_exemption_account ON tax_exemption (account_id, store_id, id);

-- All of a customer's are read with each cart.
CREATE TRIGGER tax_exemption_count AFTER INSERT ON tax_exemption
WHEN (SELECT count(*) FROM tax_exemption e WHERE e.organization_id = NEW.organization_id
  AND e.store_id = NEW.store_id AND e.account_id = NEW.account_id) > 20
BEGIN
  SELECT RAISE(ABORT, 'TAX_EXEMPTION_COUNT');
END;

-- How often a customer's certificates were written: what is sold to this one alone has to be totalled again then.
CREATE TABLE tax_exemption_standing (
  store_id TEXT NOT NULL REFERENCES store (id),
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  version INTEGER NOT NULL,
  PRIMARY KEY (account_id, store_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tax_exemption_inserted AFTER INSERT ON tax_exemption BEGIN
  INSERT INTO tax_exemption_standing (store_id, account_id, organization_id, version)
  VALUES (NEW.store_id, NEW.account_id, NEW.organization_id, 1)
  ON CONFLICT (store_id, account_id) DO UPDATE SET version = version + 1
  WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER tax_exemption_changed AFTER UPDATE ON tax_exemption BEGIN
  UPDATE tax_exemption_standing SET version = version + 1
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND account_id = NEW.account_id;
END;

CREATE TRIGGER tax_exemption_deleted AFTER DELETE ON tax_exemption BEGIN
  UPDATE tax_exemption_standing SET version = version + 1
  WHERE organization_id = OLD.organization_id AND store_id = OLD.store_id AND account_id = OLD.account_id;
END;

-- At which version of the buyer's certificates a checkout was totalled. NULL: by a release that knew none, and no provider.
ALTER TABLE checkout ADD COLUMN exemptions_version INTEGER;
-- Whether the commit that completed it was held to that version.
ALTER TABLE checkout ADD COLUMN exemptions_guarded INTEGER NOT NULL DEFAULT 0;

-- Who completes the checkout of a customer with certificates without looking at them is of a release from before them.
CREATE TRIGGER checkout_completed_as_exempt BEFORE UPDATE OF state ON checkout
WHEN NEW.state = 'completed' AND NEW.exemptions_version > 0 AND NEW.exemptions_guarded = 0
BEGIN
  SELECT raise(ABORT, 'a checkout is completed without the certificates of its buyer');
END;

-- JSON: whom the store asks for its taxes; NULL: nobody. The secret is what requests are signed with.
ALTER TABLE tax_setting ADD COLUMN provider TEXT CHECK (json_valid(provider));
ALTER TABLE tax_setting ADD COLUMN provider_secret_sealed TEXT;

-- Before, only a store that had zones or settings of its own had a version that could be advanced.
DROP TRIGGER IF EXISTS tax_store_changed;

CREATE TRIGGER tax_store_changed AFTER UPDATE OF tax_mode, rounding ON store
WHEN NEW.tax_mode IS NOT OLD.tax_mode OR NEW.rounding IS NOT OLD.rounding
BEGIN
  INSERT INTO tax_version (store_id, organization_id, version) VALUES (NEW.id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

DROP TRIGGER IF EXISTS tax_organization_changed;

CREATE TRIGGER tax_organization_changed AFTER UPDATE OF tax_mode, rounding ON organization
WHEN NEW.tax_mode IS NOT OLD.tax_mode OR NEW.rounding IS NOT OLD.rounding
BEGIN
  INSERT INTO tax_version (store_id, organization_id, version)
  SELECT s.id, NEW.id, 1 FROM store s WHERE s.organization_id = NEW.id
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.id;
END;
