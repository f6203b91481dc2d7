-- A product as the merchant gave it is one canonical JSON, `source`; all else of it is derived from that when it is
-- written. And a product is shown within a span of time.

-- Neither is a bound where it is NULL. Before `source`, so that they do not lie behind its long text.
ALTER TABLE product ADD COLUMN publish_at INTEGER;
ALTER TABLE product ADD COLUMN unpublish_at INTEGER;

ALTER TABLE product ADD COLUMN source TEXT NOT NULL DEFAULT '{}';

-- Of the products that are there, from the pieces that were rendered of what was imported. Members that are null
-- are as if they were left out.
UPDATE product SET
  source = json_object(
    'handle', handle,
    'title', title,
    'description', nullif(body_html, ''),
    'vendor', nullif(vendor, ''),
    'productType', nullif(product_type, ''),
    'status', status,
    'category', category_id,
    'tags', json(nullif(document -> '$.tags', '[]')),
    'options', (SELECT json_group_array(json_object('name', o.value ->> '$.name')) FROM json_each(document -> '$.options') o),
    'images', json(nullif(document -> '$.images', '[]')),
    'seo', json_object('title', nullif(document ->> '$.seo.title', title),
      'description', nullif(document ->> '$.seo.description', '')),
    'variants', (SELECT json_group_array(json_object(
        'id', v.id,
        'sku', v.sku,
        'options', (SELECT json_group_array(o.value ->> '$.value') FROM json_each(v.document -> '$.options') o),
        'price', json(nullif(v.document -> '$.price', 'null')),
        'compareAtPrice', json(nullif(v.document -> '$.compareAtPrice', 'null')),
        'barcode', v.document ->> '$.barcode',
        'weightGrams', v.document ->> '$.weightGrams',
        'weightUnit', v.document ->> '$.weightUnit',
        'requiresShipping', json(v.document -> '$.requiresShipping'),
        'taxable', json(v.document -> '$.taxable'),
        'imageUrl', v.document ->> '$.imageUrl',
        'inventory', (SELECT json_object('quantity', s.imported, 'tracked', json(iif(s.tracked, 'true', 'false')),
            'continueSelling', json(iif(s.continue_selling, 'true', 'false')))
          FROM stock s WHERE s.variant_id = v.id)))
      FROM (SELECT * FROM variant WHERE product_id = product.id ORDER BY position) v)),
  -- Stands in the source from now on.
  body_html = '';

-- What leads a list holds what decides whether the product is shown now, so that what is not is passed by without
-- being read.
DROP INDEX product_newest;
DROP INDEX product_title;
DROP INDEX product_price;
DROP INDEX product_vendor;
DROP INDEX product_vendor_title;
DROP INDEX product_vendor_price;
DROP INDEX product_stock_newest;
DROP INDEX product_stock_title;
DROP INDEX product_stock_price;
DROP INDEX product_price_spread;

CREATE INDEX product_newest ON product (store_id, created_at, id, publish_at, unpublish_at) WHERE status = 'active';
CREATE INDEX product_title ON product (store_id, title_key, id, publish_at, unpublish_at) WHERE status = 'active';
CREATE INDEX product_price ON product (store_id, price_min, id, publish_at, unpublish_at) WHERE status = 'active';
CREATE INDEX product_vendor ON product (store_id, vendor, created_at, id, publish_at, unpublish_at)
  WHERE status = 'active';
CREATE INDEX product_vendor_title ON product (store_id, vendor, title_key, id, publish_at, unpublish_at)
  WHERE status = 'active';
CREATE INDEX product_vendor_price ON product (store_id, vendor, price_min, id, publish_at, unpublish_at)
  WHERE status = 'active';
CREATE INDEX product_stock_newest ON product (store_id, in_stock, created_at, id, publish_at, unpublish_at)
  WHERE status = 'active';
CREATE INDEX product_stock_title ON product (store_id, in_stock, title_key, id, publish_at, unpublish_at)
  WHERE status = 'active';
CREATE INDEX product_stock_price ON product (store_id, in_stock, price_min, id, publish_at, unpublish_at)
  WHERE status = 'active';
CREATE INDEX product_price_spread
  ON product (store_id, price_spread, price_min, price_max, created_at, title_key, id, publish_at, unpublish_at)
  WHERE status = 'active';

-- What the staff sees beyond these.
CREATE INDEX product_hidden ON product (store_id, status, created_at, id) WHERE status <> 'active';

-- Lists are narrowed by more kinds of facets: 'attribute:' is followed by the attribute's key.
DROP TRIGGER product_order_changed;

CREATE TABLE facet (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  kind TEXT NOT NULL CHECK (kind IN ('tag', 'category', 'collection', 'channel') OR kind GLOB 'attribute:?*'),
  value TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  -- Copies of the product's: what its lists are ordered by, and whether they show it.
  active INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1)),
  created_at INTEGER NOT NULL DEFAULT 0,
  title_key TEXT NOT NULL DEFAULT '',
  price_min INTEGER,
  publish_at INTEGER,
  unpublish_at INTEGER,
  PRIMARY KEY (store_id, kind, value, product_id)
) STRICT, WITHOUT ROWID;

INSERT INTO facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min)
SELECT organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min FROM product_facet;

DROP TABLE product_facet;

ALTER TABLE facet RENAME TO product_facet;

CREATE INDEX product_facet_product ON product_facet (product_id);
CREATE INDEX product_facet_newest ON product_facet
  (store_id, kind, value, created_at, product_id, publish_at, unpublish_at) WHERE active = 1;
CREATE INDEX product_facet_title ON product_facet
  (store_id, kind, value, title_key, product_id, publish_at, unpublish_at) WHERE active = 1;
CREATE INDEX product_facet_price ON product_facet
  (store_id, kind, value, price_min, product_id, publish_at, unpublish_at) WHERE active = 1;

CREATE TRIGGER product_order_changed
AFTER UPDATE OF status, created_at, title_key, price_min, publish_at, unpublish_at ON product
WHEN (NEW.status, NEW.created_at, NEW.title_key, NEW.price_min, NEW.publish_at, NEW.unpublish_at)
  IS NOT (OLD.status, OLD.created_at, OLD.title_key, OLD.price_min, OLD.publish_at, OLD.unpublish_at) BEGIN
  UPDATE product_facet SET active = NEW.status = 'active', created_at = NEW.created_at, title_key = NEW.title_key,
    price_min = NEW.price_min, publish_at = NEW.publish_at, unpublish_at = NEW.unpublish_at
  WHERE product_id = NEW.id AND organization_id = NEW.organization_id;
END;
