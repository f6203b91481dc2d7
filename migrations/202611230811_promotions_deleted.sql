-- A promotion that is deleted goes in one row; its codes go slice by slice, and the row with the last of them.
ALTER TABLE promotion ADD COLUMN deleted_at INTEGER;

-- Not even by a release that does not look.
CREATE TRIGGER promotion_stays_deleted BEFORE UPDATE ON promotion
WHEN OLD.deleted_at IS NOT NULL AND (NEW.deleted_at IS NULL OR NEW.active = 1)
BEGIN
  SELECT RAISE(ABORT, 'the promotion is deleted');
END;

CREATE INDEX promotion_deleted ON promotion (organization_id, store_id, id) WHERE deleted_at IS NOT NULL;

-- What was deleted before said so then.
DROP TRIGGER promotion_standing_deleted;

CREATE TRIGGER promotion_standing_deleted AFTER DELETE ON promotion WHEN OLD.deleted_at IS NULL BEGIN
  INSERT INTO promotion_standing (store_id, organization_id, version) VALUES (OLD.store_id, OLD.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = OLD.organization_id;
END;
