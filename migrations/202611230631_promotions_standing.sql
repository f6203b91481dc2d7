-- How often what promotions take off was changed by the merchant: a checkout that was totalled at one of these can be
-- completed at the same without being totalled again. Redemptions and codes do not count: limits are held, and a code has
-- to be there, when a redemption is made.

CREATE TABLE promotion_standing (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER promotion_standing_made AFTER INSERT ON promotion BEGIN
  INSERT INTO promotion_standing (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER promotion_standing_changed AFTER UPDATE OF definition ON promotion BEGIN
  INSERT INTO promotion_standing (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER promotion_standing_deleted AFTER DELETE ON promotion BEGIN
  INSERT INTO promotion_standing (store_id, organization_id, version) VALUES (OLD.store_id, OLD.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = OLD.organization_id;
END;

-- The groups are written as one, with this row.
CREATE TRIGGER promotion_standing_groups_made AFTER INSERT ON promotion_group_set BEGIN
  INSERT INTO promotion_standing (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER promotion_standing_groups_changed AFTER UPDATE ON promotion_group_set BEGIN
  INSERT INTO promotion_standing (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;
