-- A narrowed list is a range of an index, in the order it is shown in: what does not match is not read, however
-- large the catalog. Without statistics (servers refuse ANALYZE) nothing else keeps a filter that few products
-- match, or none, from reading them all.

-- Of the product: what its lists are ordered by, and whether they show it. Whoever inserts a facet gives its
-- product's; a change of the product is passed on by the trigger.
ALTER TABLE product_facet ADD COLUMN active INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1));
ALTER TABLE product_facet ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product_facet ADD COLUMN title_key TEXT NOT NULL DEFAULT '';
ALTER TABLE product_facet ADD COLUMN price_min INTEGER;

UPDATE product_facet SET (active, created_at, title_key, price_min) = (
  SELECT p.status = 'active', p.created_at, p.title_key, p.price_min
  FROM product p WHERE p.id = product_facet.product_id AND p.organization_id = product_facet.organization_id);

CREATE INDEX product_facet_newest ON product_facet (store_id, kind, value, created_at, product_id) WHERE active = 1;
CREATE INDEX product_facet_title ON product_facet (store_id, kind, value, title_key, product_id) WHERE active = 1;
CREATE INDEX product_facet_price ON product_facet (store_id, kind, value, price_min, product_id) WHERE active = 1;

CREATE TRIGGER product_order_changed AFTER UPDATE OF status, created_at, title_key, price_min ON product
WHEN (NEW.status, NEW.created_at, NEW.title_key, NEW.price_min)
  IS NOT (OLD.status, OLD.created_at, OLD.title_key, OLD.price_min) BEGIN
  UPDATE product_facet SET active = NEW.status = 'active', created_at = NEW.created_at, title_key = NEW.title_key,
    price_min = NEW.price_min
  WHERE product_id = NEW.id AND organization_id = NEW.organization_id;
END;

-- Of one vendor; a store may have only one. `product_vendor` has them newest first.
CREATE INDEX product_vendor_title ON product (store_id, vendor, title_key, id) WHERE status = 'active';
CREATE INDEX product_vendor_price ON product (store_id, vendor, price_min, id) WHERE status = 'active';

-- In stock: at least one variant can be bought. A column of its own, written only when that changes: the count
-- beside it changes with every variant of an import, and would take the indexes with it.
ALTER TABLE product ADD COLUMN in_stock INTEGER NOT NULL DEFAULT 0 CHECK (in_stock IN (0, 1));

UPDATE product SET in_stock = 1 WHERE sellable_variants > 0;

CREATE TRIGGER product_began_in_stock AFTER INSERT ON product WHEN NEW.sellable_variants > 0 BEGIN
  UPDATE product SET in_stock = 1 WHERE id = NEW.id AND organization_id = NEW.organization_id;
END;

CREATE TRIGGER product_stock_turned AFTER UPDATE OF sellable_variants ON product
WHEN (NEW.sellable_variants > 0) <> (OLD.sellable_variants > 0) BEGIN
  UPDATE product SET in_stock = NEW.sellable_variants > 0
  WHERE id = NEW.id AND organization_id = NEW.organization_id;
END;

CREATE INDEX product_stock_newest ON product (store_id, in_stock, created_at, id) WHERE status = 'active';
CREATE INDEX product_stock_title ON product (store_id, in_stock, title_key, id) WHERE status = 'active';
CREATE INDEX product_stock_price ON product (store_id, in_stock, price_min, id) WHERE status = 'active';

-- How far a product's prices lie apart, in hexadecimal digits: with `d` of them, less than 16^d. So a product whose
-- prices reach up to some price has its lowest less than 16^d below it, and products that reach into a range of
-- prices are found by their lowest price: one range of the index for each number of digits, which all hold little
-- else.
ALTER TABLE product ADD COLUMN price_spread INTEGER AS (length(printf('%x', price_max - price_min))) VIRTUAL;

-- What the lists are ordered by is in it too: in the product's row it lies behind the long texts.
CREATE INDEX product_price_spread
  ON product (store_id, price_spread, price_min, price_max, created_at, title_key, id) WHERE status = 'active';
