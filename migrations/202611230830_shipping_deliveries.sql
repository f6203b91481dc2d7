-- Shipping is part of what a checkout and an order cost.
--
-- What is offered is read in one go with the version of the zones, and a commit that relies on it refuses where the version
-- is another by then. Every write advances it, by the triggers below.

CREATE TABLE shipping_version (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  version INTEGER NOT NULL
) STRICT;

CREATE TRIGGER shipping_version_inserted AFTER INSERT ON shipping_zone BEGIN
  INSERT INTO shipping_version (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER shipping_version_changed AFTER UPDATE ON shipping_zone BEGIN
  INSERT INTO shipping_version (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER shipping_version_deleted AFTER DELETE ON shipping_zone BEGIN
  INSERT INTO shipping_version (store_id, organization_id, version) VALUES (OLD.store_id, OLD.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = OLD.organization_id;
END;

-- NULL, as the next, for checkouts from before: nobody has asked the zones.
ALTER TABLE checkout ADD COLUMN shipping_version INTEGER;
-- The chosen offers as the engine says them, one for each delivery of the totals.
ALTER TABLE checkout ADD COLUMN deliveries TEXT CHECK (json_valid(deliveries));

CREATE TABLE order_delivery (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  order_id TEXT NOT NULL REFERENCES orders (id),
  position INTEGER NOT NULL,
  -- Copied, not referenced: the method may be gone later, the order stays.
  method_id TEXT NOT NULL,
  service TEXT,
  location_id TEXT,
  kind TEXT NOT NULL CHECK (kind IN ('delivery', 'pickup')),
  name TEXT NOT NULL,
  -- Before discounts.
  amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
  discount_minor INTEGER NOT NULL CHECK (discount_minor BETWEEN 0 AND amount_minor),
  -- What of it is tax, and what is paid for it in all.
  tax_minor INTEGER NOT NULL CHECK (tax_minor >= 0),
  gross_minor INTEGER NOT NULL CHECK (gross_minor >= tax_minor),
  -- How the amount came about, as the engine says it.
  why TEXT NOT NULL CHECK (json_valid(why)),
  PRIMARY KEY (order_id, position)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER order_delivery_never_changes BEFORE UPDATE ON order_delivery
BEGIN
  SELECT raise(ABORT, 'a delivery of an order never changes');
END;

-- Lines and deliveries sum to what is paid. Who completes a checkout without its deliveries is of a release from before them.
CREATE TRIGGER checkout_completed_in_full BEFORE UPDATE OF state ON checkout
WHEN NEW.state = 'completed' AND NOT EXISTS (
  SELECT 1 FROM orders o
  WHERE o.organization_id = NEW.organization_id AND o.checkout_id = NEW.id AND o.total_minor =
    (SELECT coalesce(sum(coalesce(l.gross_minor, l.total_minor - l.discount_minor)), 0) FROM order_line l
      WHERE l.organization_id = o.organization_id AND l.order_id = o.id)
    + (SELECT coalesce(sum(d.gross_minor), 0) FROM order_delivery d
      WHERE d.organization_id = o.organization_id AND d.order_id = o.id)
  AND (SELECT count(*) FROM order_delivery n WHERE n.organization_id = o.organization_id AND n.order_id = o.id)
    = coalesce(json_array_length(NEW.deliveries), 0))
BEGIN
  SELECT raise(ABORT, 'lines and deliveries of an order do not sum to its total');
END;
