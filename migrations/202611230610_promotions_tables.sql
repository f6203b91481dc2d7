-- Promotions: what a merchant says of each, the codes that lead to some, the groups that they combine by, and which
-- order had which.

-- How often the groups were written: they are read and changed as one.
CREATE TABLE promotion_group_set (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  version INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE promotion_group (
  store_id TEXT NOT NULL REFERENCES store (id),
  key TEXT NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  priority INTEGER NOT NULL,
  within TEXT NOT NULL CHECK (within IN ('stack', 'best')),
  -- The keys of those that do not apply where this one does.
  excludes TEXT NOT NULL CHECK (json_type(excludes) = 'array'),
  PRIMARY KEY (store_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE promotion (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- What the merchant says. All that may apply to one cart is read at once, so that none may be very long.
  definition TEXT NOT NULL CHECK (json_valid(definition) AND octet_length(definition) <= 32768),
  -- Of the definition, for what narrows by it.
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  triggered_by TEXT NOT NULL CHECK (triggered_by IN ('automatic', 'code')),
  -- 0: since ever.
  starts_at INTEGER NOT NULL,
  -- 9007199254740991: for ever.
  ends_at INTEGER NOT NULL,
  group_key TEXT,
  limit_per_customer INTEGER CHECK (limit_per_customer > 0),
  -- Orders that have it.
  used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
  -- Orders that may still have it; NULL: any number.
  remaining INTEGER CHECK (remaining >= 0),
  code_count INTEGER NOT NULL DEFAULT 0 CHECK (code_count BETWEEN 0 AND 100000),
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  FOREIGN KEY (store_id, group_key) REFERENCES promotion_group (store_id, key)
) STRICT;

CREATE INDEX promotion_listed ON promotion (store_id, id);
CREATE INDEX promotion_grouped ON promotion (store_id, group_key) WHERE group_key IS NOT NULL;
CREATE INDEX promotion_automatic ON promotion (store_id, ends_at) WHERE active = 1 AND triggered_by = 'automatic';

-- Each cart is held against all of them, and each reads them: 200, of 256 KiB together. Those that are over do not
-- count: they begin again with a write only.
CREATE TRIGGER promotion_count_made AFTER INSERT ON promotion
WHEN NEW.active = 1 AND NEW.triggered_by = 'automatic' AND (SELECT count(*) > 200 OR sum(octet_length(p.definition)) > 262144
  FROM promotion p
  WHERE p.organization_id = NEW.organization_id AND p.store_id = NEW.store_id AND p.active = 1
    AND p.triggered_by = 'automatic' AND p.ends_at > NEW.updated_at)
BEGIN
  SELECT RAISE(ABORT, 'PROMOTION_COUNT');
END;

CREATE TRIGGER promotion_count_changed AFTER UPDATE OF definition ON promotion
WHEN NEW.active = 1 AND NEW.triggered_by = 'automatic' AND (SELECT count(*) > 200 OR sum(octet_length(p.definition)) > 262144
  FROM promotion p
  WHERE p.organization_id = NEW.organization_id AND p.store_id = NEW.store_id AND p.active = 1
    AND p.triggered_by = 'automatic' AND p.ends_at > NEW.updated_at)
BEGIN
  SELECT RAISE(ABORT, 'PROMOTION_COUNT');
END;

CREATE TABLE promotion_code (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  promotion_id TEXT NOT NULL REFERENCES promotion (id) ON DELETE CASCADE,
  -- In capitals.
  code TEXT NOT NULL,
  used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
  -- Orders that may have it; NULL: any number.
  use_limit INTEGER CHECK (use_limit > 0),
  remaining INTEGER CHECK (remaining >= 0),
  created_at INTEGER NOT NULL,
  UNIQUE (store_id, code)
) STRICT;

CREATE INDEX promotion_code_listed ON promotion_code (promotion_id, code);

-- How often a customer has had a promotion: an account, by its id, and whoever orders with an address, by its hash.
CREATE TABLE promotion_customer (
  promotion_id TEXT NOT NULL REFERENCES promotion (id) ON DELETE CASCADE,
  customer TEXT NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  used INTEGER NOT NULL CHECK (used > 0),
  -- By the limit as it was at the last redemption.
  remaining INTEGER CHECK (remaining >= 0),
  PRIMARY KEY (promotion_id, customer)
) STRICT, WITHOUT ROWID;

-- Which order had which promotion. While there are any of it, a promotion stays; a code may go, and is copied.
CREATE TABLE promotion_redemption (
  order_id TEXT NOT NULL REFERENCES orders (id),
  promotion_id TEXT NOT NULL REFERENCES promotion (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  code_id TEXT,
  code TEXT,
  customer TEXT,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  -- What it took off.
  amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
  redeemed_at INTEGER NOT NULL,
  PRIMARY KEY (order_id, promotion_id),
  CHECK ((code_id IS NULL) = (code IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX promotion_redemption_listed ON promotion_redemption (promotion_id, order_id);

-- A redemption and what it counts are one: where a limit is reached, there is neither.
CREATE TRIGGER promotion_redeemed AFTER INSERT ON promotion_redemption BEGIN
  UPDATE promotion SET used = used + 1, remaining = remaining - 1
  WHERE organization_id = NEW.organization_id AND id = NEW.promotion_id;

  UPDATE promotion_code SET used = used + 1, remaining = remaining - 1
  WHERE organization_id = NEW.organization_id AND id = NEW.code_id;

  -- A buyer is counted by the account and by the address of the order, so that nobody has it twice by leaving out one.
  -- Where there is a limit for each customer, one must be named.
  INSERT INTO promotion_customer (organization_id, promotion_id, customer, used, remaining)
  SELECT NEW.organization_id, p.id, c.customer, 1, p.limit_per_customer - 1
  FROM promotion p
  JOIN (SELECT NEW.customer AS customer UNION SELECT o.email_hash FROM orders o
    WHERE o.organization_id = NEW.organization_id AND o.id = NEW.order_id AND NEW.customer IS NOT NULL) c
  WHERE p.organization_id = NEW.organization_id AND p.id = NEW.promotion_id
    AND (c.customer IS NOT NULL OR p.limit_per_customer IS NOT NULL)
  ON CONFLICT (promotion_id, customer) DO UPDATE SET used = promotion_customer.used + 1,
    remaining = excluded.remaining - promotion_customer.used
  WHERE promotion_customer.organization_id = NEW.organization_id;
END;
