-- Products with their variants. `document` and `card` are the rendered answers: a read passes them
-- through. `available` and `sellable` are copies of the inventory context's stock, kept by its triggers.

CREATE TABLE category (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  parent_id TEXT REFERENCES category (id),
  -- Handles from the root, joined by '/': 'outdoor/tents'.
  path TEXT NOT NULL,
  handle TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (store_id, path)
) STRICT;

CREATE TABLE product (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  handle TEXT NOT NULL,
  title TEXT NOT NULL,
  -- Lower case, for ordering.
  title_key TEXT NOT NULL,
  vendor TEXT NOT NULL,
  product_type TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
  category_id TEXT REFERENCES category (id),
  -- HTML as the merchant gave it; the document holds it sanitised.
  body_html TEXT NOT NULL,
  -- Of the variants with a price; NULL when none has one.
  price_min INTEGER,
  price_max INTEGER,
  sellable_variants INTEGER NOT NULL DEFAULT 0 CHECK (sellable_variants >= 0),
  document TEXT NOT NULL,
  card TEXT NOT NULL,
  -- SHA-256 of what was imported; an equal import changes nothing.
  source_hash TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (store_id, handle)
) STRICT;

CREATE INDEX product_newest ON product (store_id, created_at, id) WHERE status = 'active';
CREATE INDEX product_title ON product (store_id, title_key, id) WHERE status = 'active';
CREATE INDEX product_price ON product (store_id, price_min, id) WHERE status = 'active';
CREATE INDEX product_vendor ON product (store_id, vendor, created_at, id) WHERE status = 'active';

CREATE TABLE product_image (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  url TEXT NOT NULL,
  alt TEXT NOT NULL,
  UNIQUE (product_id, position)
) STRICT;

-- What a list can be narrowed by: tags (lower case) and categories (each with its ancestors).
CREATE TABLE product_facet (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  kind TEXT NOT NULL CHECK (kind IN ('tag', 'category')),
  value TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  PRIMARY KEY (store_id, kind, value, product_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX product_facet_product ON product_facet (product_id);

CREATE TABLE variant (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  sku TEXT NOT NULL,
  title TEXT NOT NULL,
  -- The option values joined by U+001F, in the order of the product's options.
  option_key TEXT NOT NULL,
  currency TEXT NOT NULL,
  price_minor INTEGER CHECK (price_minor >= 0),
  -- Copies of stock: NULL when quantities are not tracked.
  available INTEGER,
  sellable INTEGER NOT NULL DEFAULT 0 CHECK (sellable IN (0, 1)),
  continue_selling INTEGER NOT NULL DEFAULT 0 CHECK (continue_selling IN (0, 1)),
  document TEXT NOT NULL,
  UNIQUE (store_id, sku),
  UNIQUE (product_id, option_key)
) STRICT;

CREATE INDEX variant_product ON variant (product_id, position);

-- A guard that must find nothing inserts what it finds, and fails: no row ever stays here.
CREATE TABLE violation (
  what TEXT NOT NULL CHECK (what = '')
) STRICT;
