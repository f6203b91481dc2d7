-- Orders, their lines and payments; checkouts that lead to them; and what every commit writes beside
-- its change: events, idempotency records and the audit log.

CREATE TABLE checkout (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  cart_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'completed')),
  email TEXT NOT NULL,
  shipping_address TEXT NOT NULL CHECK (json_valid(shipping_address)),
  currency TEXT NOT NULL,
  -- [{"variantId", "quantity", "unitPrice", ...}]: what the buyer saw and agreed to.
  lines TEXT NOT NULL CHECK (json_valid(lines)),
  total_minor INTEGER NOT NULL CHECK (total_minor >= 0),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  checkout_id TEXT NOT NULL UNIQUE REFERENCES checkout (id),
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'processing', 'fulfilled', 'completed', 'cancelled', 'returned')),
  payment_state TEXT NOT NULL CHECK (payment_state IN ('pending', 'authorized', 'captured', 'partially-refunded', 'refunded', 'voided', 'failed')),
  fulfillment_state TEXT NOT NULL CHECK (fulfillment_state IN ('unfulfilled', 'partially-fulfilled', 'fulfilled', 'partially-returned', 'returned')),
  email TEXT NOT NULL,
  currency TEXT NOT NULL,
  total_minor INTEGER NOT NULL CHECK (total_minor >= 0),
  -- The order as it was placed, rendered; never changed.
  document TEXT NOT NULL CHECK (json_valid(document)),
  placed_at INTEGER NOT NULL,
  UNIQUE (store_id, number)
) STRICT;

CREATE TABLE order_line (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  order_id TEXT NOT NULL REFERENCES orders (id),
  position INTEGER NOT NULL,
  -- Copied, not referenced: the variant may be removed later, the order stays.
  variant_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  sku TEXT NOT NULL,
  title TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  unit_price_minor INTEGER NOT NULL CHECK (unit_price_minor >= 0),
  total_minor INTEGER NOT NULL CHECK (total_minor = quantity * unit_price_minor),
  UNIQUE (order_id, position)
) STRICT;

CREATE TABLE payment (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  order_id TEXT NOT NULL REFERENCES orders (id),
  provider TEXT NOT NULL,
  method TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'authorized', 'captured', 'partially-refunded', 'refunded', 'voided', 'failed')),
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX payment_order ON payment (order_id);

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  aggregate TEXT NOT NULL,
  aggregate_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  occurred_at INTEGER NOT NULL,
  UNIQUE (aggregate_id, version)
) STRICT;

CREATE TABLE idempotency_record (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  key TEXT NOT NULL,
  -- SHA-256 of method, path and body, in hex.
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  location TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (store_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  request_id TEXT NOT NULL,
  occurred_at INTEGER NOT NULL
) STRICT;
