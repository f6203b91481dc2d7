-- Collections: products that the merchant chose one by one, or that meet a rule. What a rule finds is written with the
-- products, as facets of the kind 'collection', so that a list of them is one range of an index.

CREATE TABLE collection (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  handle TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('manual', 'rule')),
  -- Whether a product has to meet all conditions of the rule, or any.
  is_all INTEGER NOT NULL DEFAULT 1 CHECK (is_all IN (0, 1)),
  product_order TEXT NOT NULL CHECK (product_order IN ('manual', 'newest', 'title', '-title', 'price', '-price')),
  description_html TEXT NOT NULL,
  description TEXT NOT NULL,
  image_url TEXT,
  metadata TEXT NOT NULL,
  seo_title TEXT,
  seo_description TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (store_id, handle)
) STRICT;

CREATE INDEX collection_rule ON collection (store_id, id) WHERE kind = 'rule';

CREATE TRIGGER collection_count AFTER INSERT ON collection
WHEN (SELECT count(*) FROM collection c
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id) > 10000
BEGIN
  SELECT RAISE(ABORT, 'COLLECTION_COUNT');
END;

-- Each product that is written is held against every rule.
CREATE TRIGGER collection_rule_count AFTER INSERT ON collection
WHEN NEW.kind = 'rule' AND (SELECT count(*) FROM collection c
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id AND c.kind = 'rule') > 250
BEGIN
  SELECT RAISE(ABORT, 'COLLECTION_RULE_COUNT');
END;

CREATE TABLE collection_condition (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  collection_id TEXT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  -- A column of the product, or the kind of a facet: 'attribute:' is followed by the attribute's key.
  field TEXT NOT NULL CHECK (field IN ('title', 'vendor', 'productType', 'price', 'inStock', 'tag', 'category')
    OR field GLOB 'attribute:?*'),
  operator TEXT NOT NULL
    CHECK (operator IN ('equals', 'contains', 'starts-with', 'ends-with', 'at-least', 'at-most')),
  negated INTEGER NOT NULL CHECK (negated IN (0, 1)),
  value TEXT NOT NULL,
  -- Minor units of a price; 1 or 0 of what is in stock or not.
  minor INTEGER,
  -- Of a condition on one, which keeps it from being deleted.
  category_id TEXT REFERENCES category (id),
  PRIMARY KEY (collection_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_condition_category ON collection_condition (category_id) WHERE category_id IS NOT NULL;

-- What was chosen one by one.
CREATE TABLE collection_product (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  collection_id TEXT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  position INTEGER NOT NULL CHECK (position >= 0),
  PRIMARY KEY (collection_id, product_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_product_product ON collection_product (product_id);
CREATE INDEX collection_product_position ON collection_product (collection_id, position);

-- What is sold out, or there again, leaves or enters the collections whose rule asks for it. The condition is that of
-- `MEETS` in the catalog's store, which holds for every other write.
CREATE TRIGGER product_stock_collected AFTER UPDATE OF in_stock ON product
WHEN NEW.in_stock <> OLD.in_stock AND EXISTS (
  SELECT 1 FROM collection c CROSS JOIN collection_condition k
    ON k.organization_id = NEW.organization_id AND k.collection_id = c.id AND k.field = 'inStock'
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id AND c.kind = 'rule')
BEGIN
  DELETE FROM product_facet
  WHERE organization_id = NEW.organization_id AND +store_id = NEW.store_id AND product_id = NEW.id
    AND +kind = 'collection' AND value IN (
      SELECT c.id FROM collection c WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id
        AND c.kind = 'rule');
  INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
    price_min, publish_at, unpublish_at, position)
  SELECT p.organization_id, p.store_id, 'collection', c.id, p.id, p.status = 'active', p.created_at, p.title_key,
    p.price_min, p.publish_at, p.unpublish_at, 9007199254740991
  FROM collection c
  CROSS JOIN product p ON p.id = NEW.id AND p.organization_id = NEW.organization_id
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id AND c.kind = 'rule'
    AND (EXISTS (
  SELECT 1 FROM collection_condition k
  WHERE k.organization_id = NEW.organization_id AND k.collection_id = c.id AND (CASE k.field
    WHEN 'price' THEN coalesce(iif(k.operator = 'at-least', p.price_max >= k.minor, p.price_min <= k.minor), 0)
    WHEN 'inStock' THEN p.in_stock = k.minor
    WHEN 'title' THEN CASE k.operator WHEN 'equals' THEN p.title_key = k.value
      WHEN 'contains' THEN instr(p.title_key, k.value) > 0
      WHEN 'starts-with' THEN substr(p.title_key, 1, length(k.value)) = k.value
      ELSE substr(p.title_key, -length(k.value)) = k.value END
    WHEN 'vendor' THEN CASE k.operator WHEN 'equals' THEN p.vendor = k.value
      WHEN 'contains' THEN instr(p.vendor, k.value) > 0
      WHEN 'starts-with' THEN substr(p.vendor, 1, length(k.value)) = k.value
      ELSE substr(p.vendor, -length(k.value)) = k.value END
    WHEN 'productType' THEN CASE k.operator WHEN 'equals' THEN p.product_type = k.value
      WHEN 'contains' THEN instr(p.product_type, k.value) > 0
      WHEN 'starts-with' THEN substr(p.product_type, 1, length(k.value)) = k.value
      ELSE substr(p.product_type, -length(k.value)) = k.value END
    ELSE EXISTS (SELECT 1 FROM product_facet f
      WHERE f.organization_id = NEW.organization_id AND f.store_id = p.store_id AND f.kind = k.field
        AND f.value = k.value AND f.product_id = p.id)
    END <> k.negated) <> c.is_all) <> c.is_all);
END;
