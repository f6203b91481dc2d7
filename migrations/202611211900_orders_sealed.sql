-- Checkouts and orders with what is personal in them sealed: e-mail addresses and postal addresses are readable with
-- the organization's data key only, and an order is found by the keyed hash of its address.
--
-- The tables before these were never released. Where one of them holds an order all the same, this file is refused:
-- SQL cannot seal it, and an order is never given up. Open checkouts and kept answers are.
INSERT INTO violation (what) SELECT 'an order that is not sealed' FROM orders;

DROP TABLE payment;
DROP TABLE order_line;
DROP TABLE orders;
DROP TABLE checkout;
DROP TABLE idempotency_record;

CREATE TABLE checkout (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  cart_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'completed')),
  -- {"email", "shippingAddress"}, sealed.
  personal_sealed TEXT NOT NULL,
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
  -- The customer who was logged in. Whoever was not has the order by its e-mail address.
  account_id TEXT REFERENCES account (id),
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'processing', 'fulfilled', 'completed', 'cancelled', 'returned')),
  payment_state TEXT NOT NULL CHECK (payment_state IN ('pending', 'authorized', 'captured', 'partially-refunded', 'refunded', 'voided', 'failed')),
  fulfillment_state TEXT NOT NULL CHECK (fulfillment_state IN ('unfulfilled', 'partially-fulfilled', 'fulfilled', 'partially-returned', 'returned')),
  -- As in `account`: HMAC-SHA256 of the address in lower case, in hex.
  email_hash TEXT NOT NULL CHECK (length(email_hash) = 64),
  -- {"email", "shippingAddress"}, sealed.
  personal_sealed TEXT NOT NULL,
  currency TEXT NOT NULL,
  total_minor INTEGER NOT NULL CHECK (total_minor >= 0),
  -- The order as it was placed, rendered, but for what is sealed; never changed.
  document TEXT NOT NULL CHECK (json_valid(document)),
  placed_at INTEGER NOT NULL,
  UNIQUE (store_id, number)
) STRICT;

CREATE INDEX orders_email ON orders (organization_id, email_hash, id);
CREATE INDEX orders_account ON orders (account_id, id);

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

CREATE TABLE idempotency_record (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  key TEXT NOT NULL,
  -- SHA-256 of method, path and body, in hex.
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  location TEXT NOT NULL,
  -- Sealed where it is personal; empty where the answer is the order itself, which never changes.
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (store_id, key)
) STRICT, WITHOUT ROWID;
