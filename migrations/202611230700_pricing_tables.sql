-- What decides prices beside the catalog: customer groups, price lists with their rules, exchange rates, endings.

-- Customers are the organization's, and so are their groups.
CREATE TABLE customer_group (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
) STRICT;

CREATE INDEX customer_group_in_order ON customer_group (organization_id, id);

CREATE TRIGGER customer_group_count AFTER INSERT ON customer_group
WHEN (SELECT count(*) FROM customer_group g WHERE g.organization_id = NEW.organization_id) > 1000
BEGIN
  SELECT RAISE(ABORT, 'CUSTOMER_GROUP_COUNT');
END;

CREATE TABLE customer_group_member (
  group_id TEXT NOT NULL REFERENCES customer_group (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  added_at INTEGER NOT NULL,
  PRIMARY KEY (group_id, account_id)
) STRICT, WITHOUT ROWID;

-- The groups of whoever buys.
CREATE INDEX customer_group_of_account ON customer_group_member (account_id, group_id);

-- One row a store, once anything was written.
CREATE TABLE price_setting (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- Where converted prices end up.
  endings TEXT NOT NULL DEFAULT '[]' CHECK (json_type(endings) = 'array'),
  -- Of the endings alone.
  settings_version INTEGER NOT NULL DEFAULT 0,
  -- Grows with each write of anything in this file. Whoever has read prices commits only while it is the same.
  version INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What a store sells in decides, too.
CREATE TRIGGER price_setting_currencies AFTER UPDATE OF currencies ON store
WHEN NEW.currencies <> OLD.currencies
BEGIN
  UPDATE price_setting SET version = version + 1 WHERE organization_id = NEW.organization_id AND store_id = NEW.id;
END;

CREATE TABLE price_list (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- The list without its rules. The next six are copies of what is in it.
  document TEXT NOT NULL CHECK (json_valid(document)),
  kind TEXT NOT NULL CHECK (kind IN ('sale', 'override')),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  priority INTEGER NOT NULL,
  starts_at INTEGER,
  ends_at INTEGER,
  -- What another list is based on stays.
  based_on TEXT REFERENCES price_list (id),
  rule_count INTEGER NOT NULL DEFAULT 0 CHECK (rule_count BETWEEN 0 AND 100000),
  -- Grows with each change of the list or of its rules.
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX price_list_in_order ON price_list (store_id, id);
CREATE INDEX price_list_base ON price_list (based_on) WHERE based_on IS NOT NULL;

-- Each that is in its window is read for each cart.
CREATE TRIGGER price_list_count AFTER INSERT ON price_list
WHEN (SELECT count(*) FROM price_list l
  WHERE l.organization_id = NEW.organization_id AND l.store_id = NEW.store_id) > 250
BEGIN
  SELECT RAISE(ABORT, 'PRICE_LIST_COUNT');
END;

CREATE TABLE price_list_rule (
  list_id TEXT NOT NULL REFERENCES price_list (id) ON DELETE CASCADE,
  -- The id of a variant or of a product, or 'all'.
  target TEXT NOT NULL,
  -- Of a price; '' for a percentage.
  currency TEXT NOT NULL CHECK (length(currency) IN (0, 3)),
  min_quantity INTEGER NOT NULL CHECK (min_quantity BETWEEN 1 AND 9999),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  price_minor INTEGER CHECK (price_minor >= 0),
  change_ppm INTEGER CHECK (change_ppm BETWEEN -1000000 AND 10000000),
  PRIMARY KEY (list_id, target, currency, min_quantity),
  CHECK ((currency = '') = (price_minor IS NULL) AND (currency = '') = (change_ppm IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- The rules for what is in a cart, in whatever lists they are.
CREATE INDEX price_list_rule_target ON price_list_rule (store_id, target);

CREATE TRIGGER price_list_rule_added AFTER INSERT ON price_list_rule
BEGIN
  UPDATE price_list SET rule_count = rule_count + 1
  WHERE organization_id = NEW.organization_id AND id = NEW.list_id;
END;

CREATE TRIGGER price_list_rule_removed AFTER DELETE ON price_list_rule
BEGIN
  UPDATE price_list SET rule_count = rule_count - 1
  WHERE organization_id = OLD.organization_id AND id = OLD.list_id;
END;

-- Pairs that there are rates of, so that the present ones are found without reading those of the past.
CREATE TABLE exchange_pair (
  store_id TEXT NOT NULL REFERENCES store (id),
  -- 'EUR/KRW': what one unit of the first is worth in the second.
  pair TEXT NOT NULL CHECK (length(pair) = 7),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  PRIMARY KEY (store_id, pair)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER exchange_pair_count AFTER INSERT ON exchange_pair
WHEN (SELECT count(*) FROM exchange_pair p
  WHERE p.organization_id = NEW.organization_id AND p.store_id = NEW.store_id) > 1000
BEGIN
  SELECT RAISE(ABORT, 'EXCHANGE_PAIR_COUNT');
END;

CREATE TABLE exchange_rate (
  store_id TEXT NOT NULL REFERENCES store (id),
  pair TEXT NOT NULL,
  as_of INTEGER NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- A decimal, exactly as it was published.
  rate TEXT NOT NULL,
  valid_until INTEGER NOT NULL CHECK (valid_until > as_of),
  source TEXT NOT NULL,
  PRIMARY KEY (store_id, pair, as_of)
) STRICT, WITHOUT ROWID;
