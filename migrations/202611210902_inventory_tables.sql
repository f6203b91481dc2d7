-- Stock of each variant. `available` cannot fall below zero unless the merchant sells on.

CREATE TABLE stock (
  variant_id TEXT NOT NULL PRIMARY KEY REFERENCES variant (id) ON DELETE CASCADE,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  available INTEGER NOT NULL,
  -- The quantity of the last import. The same file again leaves what was sold since sold.
  imported INTEGER NOT NULL,
  -- 0: quantities are not counted, and the variant is always for sale.
  tracked INTEGER NOT NULL CHECK (tracked IN (0, 1)),
  -- 1: sold on when nothing is left.
  continue_selling INTEGER NOT NULL CHECK (continue_selling IN (0, 1)),
  updated_at INTEGER NOT NULL,
  CHECK (available >= 0 OR tracked = 0 OR continue_selling = 1)
) STRICT;

CREATE INDEX stock_product ON stock (product_id);

-- The catalog's copies, in the same commit as the stock they copy.
CREATE TRIGGER stock_inserted AFTER INSERT ON stock BEGIN
  UPDATE variant SET
    available = iif(NEW.tracked, NEW.available, NULL),
    sellable = NEW.available > 0 OR NOT NEW.tracked OR NEW.continue_selling,
    continue_selling = NEW.continue_selling
  WHERE id = NEW.variant_id AND organization_id = NEW.organization_id;
END;

CREATE TRIGGER stock_changed AFTER UPDATE OF available, tracked, continue_selling ON stock BEGIN
  UPDATE variant SET
    available = iif(NEW.tracked, NEW.available, NULL),
    sellable = NEW.available > 0 OR NOT NEW.tracked OR NEW.continue_selling,
    continue_selling = NEW.continue_selling
  WHERE id = NEW.variant_id AND organization_id = NEW.organization_id;
END;

CREATE TRIGGER variant_became_sellable AFTER UPDATE OF sellable ON variant WHEN NEW.sellable > OLD.sellable BEGIN
  UPDATE product SET sellable_variants = sellable_variants + 1
  WHERE id = NEW.product_id AND organization_id = NEW.organization_id;
END;

CREATE TRIGGER variant_ceased_sellable AFTER UPDATE OF sellable ON variant WHEN NEW.sellable < OLD.sellable BEGIN
  UPDATE product SET sellable_variants = sellable_variants - 1
  WHERE id = NEW.product_id AND organization_id = NEW.organization_id;
END;

CREATE TRIGGER variant_deleted AFTER DELETE ON variant WHEN OLD.sellable = 1 BEGIN
  UPDATE product SET sellable_variants = sellable_variants - 1
  WHERE id = OLD.product_id AND organization_id = OLD.organization_id;
END;
