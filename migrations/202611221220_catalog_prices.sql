-- Prices in further currencies than the store's own, and how prices were before.

-- Of the store beside its own one, by their codes. It is sold in these as well.
ALTER TABLE store ADD COLUMN currencies TEXT NOT NULL DEFAULT '[]' CHECK (json_type(currencies) = 'array');

-- In the store's own currency the price stands in the variant's row. A variant without a row here is not sold in the
-- currency.
CREATE TABLE variant_price (
  variant_id TEXT NOT NULL REFERENCES variant (id) ON DELETE CASCADE,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
  compare_at_minor INTEGER CHECK (compare_at_minor > 0),
  -- Of a reduction: the lowest price of the 30 days before it.
  lowest_minor INTEGER CHECK (lowest_minor >= 0),
  PRIMARY KEY (variant_id, currency)
) STRICT, WITHOUT ROWID;

-- What lists in a further currency are narrowed and ordered by. Copies of the product's row, which is written with
-- these: whether lists show it, and when.
CREATE TABLE product_price_range (
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  price_min INTEGER NOT NULL CHECK (price_min >= 0),
  price_max INTEGER NOT NULL CHECK (price_max >= price_min),
  publish_at INTEGER,
  unpublish_at INTEGER,
  -- As that of the product: how far its prices lie apart, in hexadecimal digits.
  price_spread INTEGER AS (length(printf('%x', price_max - price_min))) VIRTUAL,
  PRIMARY KEY (product_id, currency)
) STRICT, WITHOUT ROWID;

-- All that leads a list: no row is read for what is passed by.
CREATE INDEX product_price_in_order ON product_price_range
  (store_id, currency, price_min, product_id, price_max, publish_at, unpublish_at, organization_id) WHERE active = 1;
CREATE INDEX product_price_in_range ON product_price_range
  (store_id, currency, price_spread, price_min, price_max, product_id, publish_at, unpublish_at, organization_id)
  WHERE active = 1;

-- From which moment on a variant had which price; NULL: none. A price that never changed has no row: it has been that
-- since the variant was made. With the first change two are written: what was, from the moment 0 on, and what is. So
-- the variants that are there have their present price as the first one of their history, and neither an import nor
-- this migration of a million variants writes anything here.
CREATE TABLE price_change (
  variant_id TEXT NOT NULL REFERENCES variant (id) ON DELETE CASCADE,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  at INTEGER NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  price_minor INTEGER CHECK (price_minor >= 0),
  compare_at_minor INTEGER CHECK (compare_at_minor > 0),
  PRIMARY KEY (variant_id, currency, at)
) STRICT, WITHOUT ROWID;
