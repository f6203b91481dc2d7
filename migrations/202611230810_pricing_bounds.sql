-- How much the lists of a store and the rates of a pair may be, and lists that are deleted without their rules at first.

-- Nobody finds the list any more; its rules go slice by slice, and the row with the last of them.
ALTER TABLE price_list ADD COLUMN deleted_at INTEGER;

-- But a release that does not look.
CREATE TRIGGER price_list_stays_deleted BEFORE UPDATE ON price_list
WHEN OLD.deleted_at IS NOT NULL AND (NEW.deleted_at IS NULL OR NEW.active = 1)
BEGIN
  SELECT RAISE(ABORT, 'the price list is deleted');
END;

CREATE TRIGGER price_list_based_on_deleted BEFORE UPDATE OF based_on ON price_list
WHEN EXISTS (SELECT 1 FROM price_list l
  WHERE l.organization_id = NEW.organization_id AND l.id = NEW.based_on AND l.deleted_at IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'the price list is deleted');
END;

CREATE TRIGGER price_list_made_on_deleted BEFORE INSERT ON price_list
WHEN EXISTS (SELECT 1 FROM price_list l
  WHERE l.organization_id = NEW.organization_id AND l.id = NEW.based_on AND l.deleted_at IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'the price list is deleted');
END;

CREATE INDEX price_list_deleted ON price_list (organization_id, store_id, id) WHERE deleted_at IS NOT NULL;

DROP TRIGGER price_list_count;

CREATE TRIGGER price_list_count AFTER INSERT ON price_list
WHEN (SELECT count(*) FROM price_list l
  WHERE l.organization_id = NEW.organization_id AND l.store_id = NEW.store_id AND l.deleted_at IS NULL) > 250
BEGIN
  SELECT RAISE(ABORT, 'PRICE_LIST_COUNT');
END;

-- One cart may read each that is active and not over, and what others are based on: 256 KiB together, without the rules.
CREATE TRIGGER price_list_size_made AFTER INSERT ON price_list
WHEN NEW.active = 1 AND (SELECT sum(octet_length(l.document)) > 262144 FROM price_list l
  WHERE l.organization_id = NEW.organization_id AND l.store_id = NEW.store_id AND (
    l.active = 1 AND coalesce(l.ends_at > NEW.updated_at, 1)
    OR EXISTS (SELECT 1 FROM price_list u WHERE u.organization_id = NEW.organization_id AND u.based_on = l.id)))
BEGIN
  SELECT RAISE(ABORT, 'PRICE_LIST_SIZE');
END;

CREATE TRIGGER price_list_size_changed AFTER UPDATE OF document ON price_list
WHEN (NEW.active = 1
    OR EXISTS (SELECT 1 FROM price_list o WHERE o.organization_id = NEW.organization_id AND o.based_on = NEW.id))
  AND (SELECT sum(octet_length(l.document)) > 262144 FROM price_list l
    WHERE l.organization_id = NEW.organization_id AND l.store_id = NEW.store_id AND (
      l.active = 1 AND coalesce(l.ends_at > NEW.updated_at, 1)
      OR EXISTS (SELECT 1 FROM price_list u WHERE u.organization_id = NEW.organization_id AND u.based_on = l.id)))
BEGIN
  SELECT RAISE(ABORT, 'PRICE_LIST_SIZE');
END;

-- A cart reads all tiers of what is in it.
CREATE TRIGGER price_list_rule_tiers AFTER INSERT ON price_list_rule
WHEN (SELECT count(*) FROM price_list_rule r
  WHERE r.organization_id = NEW.organization_id AND r.list_id = NEW.list_id AND r.target = NEW.target
    AND r.currency = NEW.currency) > 100
BEGIN
  SELECT RAISE(ABORT, 'PRICE_RULE_TIERS');
END;

-- Of the past a write leaves 500; this bounds those that are to come.
CREATE TRIGGER exchange_rate_count AFTER INSERT ON exchange_rate
WHEN (SELECT count(*) FROM exchange_rate e
  WHERE e.organization_id = NEW.organization_id AND e.store_id = NEW.store_id AND e.pair = NEW.pair) > 1000
BEGIN
  SELECT RAISE(ABORT, 'EXCHANGE_RATE_COUNT');
END;
