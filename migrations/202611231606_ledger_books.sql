-- The ledger's accounts and transactions get further kinds: what customers owe, what providers hold, fees, and what reaches the
-- bank. A table's constraints cannot be changed, so the five that hang together are made anew, with all that is in them; who
-- reads and writes them does so as before.

-- It reads order_tender, which is gone for a moment.
DROP TRIGGER checkout_completed_as_paid;

CREATE TABLE ledger_account_anew (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- The gift card's, the customer's, or of the organization's own the name of the kind.
  id TEXT NOT NULL,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  kind TEXT NOT NULL CHECK (kind IN ('gift-card', 'store-credit', 'sales', 'issuance', 'adjustment', 'breakage',
    'receivable', 'clearing', 'refunds', 'fees', 'bank')),
  balance_minor INTEGER NOT NULL DEFAULT 0,
  -- How many entries there are: they are numbered from 1 on.
  entry_count INTEGER NOT NULL DEFAULT 0 CHECK (entry_count >= 0),
  PRIMARY KEY (organization_id, id, currency),
  CHECK (kind NOT IN ('gift-card', 'store-credit') OR balance_minor BETWEEN 0 AND 9007199254740991)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_transaction_anew (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  id TEXT NOT NULL,
  -- Where it was done.
  store_id TEXT NOT NULL REFERENCES store (id),
  kind TEXT NOT NULL CHECK (kind IN ('issue', 'adjust', 'redeem', 'refund',
    'order', 'cancel', 'capture', 'return', 'fee', 'payout')),
  order_id TEXT REFERENCES orders (id),
  reason TEXT,
  -- [{"account", "currency", "kind", "amount"}], in minor units: what is to be posted. NULL: it is.
  entries TEXT CHECK (json_type(entries) = 'array'),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_entry_anew (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  account_id TEXT NOT NULL,
  currency TEXT NOT NULL,
  number INTEGER NOT NULL,
  transaction_id TEXT NOT NULL,
  -- Above zero: the account has more than before.
  amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
  -- After it.
  balance_minor INTEGER NOT NULL,
  PRIMARY KEY (organization_id, account_id, currency, number),
  UNIQUE (organization_id, transaction_id, account_id, currency),
  FOREIGN KEY (organization_id, account_id, currency) REFERENCES ledger_account_anew (organization_id, id, currency),
  FOREIGN KEY (organization_id, transaction_id) REFERENCES ledger_transaction_anew (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE gift_card_anew (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  id TEXT NOT NULL,
  store_id TEXT NOT NULL REFERENCES store (id),
  -- HMAC-SHA256 of the code, in hex. The code itself is never stored.
  code_hash TEXT NOT NULL CHECK (length(code_hash) = 64),
  last_four TEXT NOT NULL CHECK (length(last_four) = 4),
  currency TEXT NOT NULL,
  issued_minor INTEGER NOT NULL CHECK (issued_minor > 0),
  state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
  -- NULL: never.
  expires_at INTEGER,
  note TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, store_id, code_hash),
  FOREIGN KEY (organization_id, id, currency) REFERENCES ledger_account_anew (organization_id, id, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE order_tender_anew (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  order_id TEXT NOT NULL REFERENCES orders (id),
  position INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('gift-card', 'store-credit')),
  account_id TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  transaction_id TEXT NOT NULL,
  PRIMARY KEY (organization_id, order_id, position),
  FOREIGN KEY (organization_id, transaction_id, account_id, currency)
    REFERENCES ledger_entry_anew (organization_id, transaction_id, account_id, currency)
) STRICT, WITHOUT ROWID;

INSERT INTO ledger_account_anew (organization_id, id, currency, kind, balance_minor, entry_count)
SELECT organization_id, id, currency, kind, balance_minor, entry_count
FROM ledger_account;

INSERT INTO ledger_transaction_anew (organization_id, id, store_id, kind, order_id, reason, entries, created_at)
SELECT organization_id, id, store_id, kind, order_id, reason, entries, created_at
FROM ledger_transaction;

INSERT INTO ledger_entry_anew (organization_id, account_id, currency, number, transaction_id, amount_minor, balance_minor)
SELECT organization_id, account_id, currency, number, transaction_id, amount_minor, balance_minor
FROM ledger_entry;

INSERT INTO gift_card_anew (organization_id, id, store_id, code_hash, last_four, currency, issued_minor, state, expires_at,
  note, version, created_at, updated_at)
SELECT organization_id, id, store_id, code_hash, last_four, currency, issued_minor, state, expires_at, note, version,
  created_at, updated_at
FROM gift_card;

INSERT INTO order_tender_anew (organization_id, order_id, position, kind, account_id, currency, amount_minor,
  transaction_id)
SELECT organization_id, order_id, position, kind, account_id, currency, amount_minor, transaction_id
FROM order_tender;

DROP TABLE order_tender;
DROP TABLE gift_card;
DROP TABLE ledger_entry;
DROP TABLE ledger_transaction;
DROP TABLE ledger_account;

ALTER TABLE ledger_account_anew RENAME TO ledger_account;
ALTER TABLE ledger_transaction_anew RENAME TO ledger_transaction;
ALTER TABLE ledger_entry_anew RENAME TO ledger_entry;
ALTER TABLE gift_card_anew RENAME TO gift_card;
ALTER TABLE order_tender_anew RENAME TO order_tender;

-- An order is paid once.
CREATE UNIQUE INDEX ledger_transaction_redeemed ON ledger_transaction (organization_id, order_id) WHERE kind = 'redeem';
CREATE INDEX gift_card_listed ON gift_card (organization_id, store_id, id);
CREATE INDEX gift_card_in_state ON gift_card (organization_id, store_id, state, id);
CREATE INDEX gift_card_last_four ON gift_card (organization_id, store_id, last_four, id);

CREATE TRIGGER ledger_transaction_begun BEFORE INSERT ON ledger_transaction
WHEN NEW.entries IS NULL OR EXISTS (SELECT 1 FROM ledger_transaction t
  WHERE t.organization_id = NEW.organization_id AND t.id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NOT_POSTED');
END;

CREATE TRIGGER ledger_transaction_posted AFTER INSERT ON ledger_transaction BEGIN
  -- Of an account that nobody has opened all is NULL, which no entry is.
  INSERT INTO ledger_entry (organization_id, account_id, currency, number, transaction_id, amount_minor, balance_minor)
  SELECT NEW.organization_id, a.id, a.currency, a.entry_count + 1, NEW.id, e.value ->> 'amount',
    a.balance_minor + (e.value ->> 'amount')
  FROM json_each(NEW.entries) e
  LEFT JOIN ledger_account a ON a.organization_id = NEW.organization_id AND a.id = e.value ->> 'account'
    AND a.currency = e.value ->> 'currency';

  SELECT RAISE(ABORT, 'LEDGER_UNBALANCED')
  WHERE json_array_length(NEW.entries) = 0 OR EXISTS (SELECT 1 FROM json_each(NEW.entries) e
    GROUP BY e.value ->> 'currency' HAVING sum(e.value ->> 'amount') <> 0);

  UPDATE ledger_transaction SET entries = NULL WHERE organization_id = NEW.organization_id AND id = NEW.id;
END;

CREATE TRIGGER ledger_transaction_never_changes BEFORE UPDATE ON ledger_transaction
WHEN OLD.entries IS NULL OR NEW.entries IS NOT NULL OR NEW.organization_id <> OLD.organization_id OR NEW.id <> OLD.id
  OR NEW.store_id <> OLD.store_id OR NEW.kind <> OLD.kind OR NEW.order_id IS NOT OLD.order_id
  OR NEW.reason IS NOT OLD.reason OR NEW.created_at <> OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NEVER_CHANGES');
END;

CREATE TRIGGER ledger_transaction_stays BEFORE DELETE ON ledger_transaction BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NEVER_CHANGES');
END;

CREATE TRIGGER ledger_entry_posted BEFORE INSERT ON ledger_entry
WHEN NOT EXISTS (SELECT 1 FROM ledger_transaction t
    WHERE t.organization_id = NEW.organization_id AND t.id = NEW.transaction_id AND t.entries IS NOT NULL)
  OR EXISTS (SELECT 1 FROM ledger_account a
    WHERE a.organization_id = NEW.organization_id AND a.id = NEW.account_id AND a.currency = NEW.currency
      AND (NEW.number <> a.entry_count + 1 OR NEW.balance_minor <> a.balance_minor + NEW.amount_minor))
BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NOT_POSTED');
END;

CREATE TRIGGER ledger_entry_moves AFTER INSERT ON ledger_entry BEGIN
  UPDATE ledger_account SET balance_minor = balance_minor + NEW.amount_minor, entry_count = NEW.number
  WHERE organization_id = NEW.organization_id AND id = NEW.account_id AND currency = NEW.currency;
END;

CREATE TRIGGER ledger_entry_never_changes BEFORE UPDATE ON ledger_entry BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NEVER_CHANGES');
END;

CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NEVER_CHANGES');
END;

CREATE TRIGGER ledger_account_opened BEFORE INSERT ON ledger_account
WHEN NEW.balance_minor <> 0 OR NEW.entry_count <> 0 OR EXISTS (SELECT 1 FROM ledger_account a
  WHERE a.organization_id = NEW.organization_id AND a.id = NEW.id AND a.currency = NEW.currency)
BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NOT_POSTED');
END;

CREATE TRIGGER ledger_account_moved BEFORE UPDATE ON ledger_account
WHEN NEW.organization_id <> OLD.organization_id OR NEW.id <> OLD.id OR NEW.currency <> OLD.currency OR NEW.kind <> OLD.kind
  OR NEW.entry_count <> OLD.entry_count + 1
  OR NOT EXISTS (SELECT 1 FROM ledger_entry e
    WHERE e.organization_id = NEW.organization_id AND e.account_id = NEW.id AND e.currency = NEW.currency
      AND e.number = NEW.entry_count AND e.balance_minor = NEW.balance_minor)
BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NOT_POSTED');
END;

CREATE TRIGGER ledger_account_stays BEFORE DELETE ON ledger_account BEGIN
  SELECT RAISE(ABORT, 'LEDGER_NEVER_CHANGES');
END;

CREATE TRIGGER order_tender_paid BEFORE INSERT ON order_tender
WHEN NOT EXISTS (SELECT 1 FROM orders o
  JOIN ledger_transaction t ON t.organization_id = o.organization_id AND t.order_id = o.id AND t.kind = 'redeem'
  JOIN ledger_entry e ON e.organization_id = t.organization_id AND e.transaction_id = t.id
  JOIN ledger_account a ON a.organization_id = e.organization_id AND a.id = e.account_id AND a.currency = e.currency
  LEFT JOIN gift_card g ON g.organization_id = a.organization_id AND g.id = a.id
  WHERE o.organization_id = NEW.organization_id AND o.id = NEW.order_id AND o.currency = NEW.currency
    AND t.id = NEW.transaction_id AND a.id = NEW.account_id AND a.currency = NEW.currency AND a.kind = NEW.kind
    AND e.amount_minor = -NEW.amount_minor
    AND iif(NEW.kind = 'store-credit', o.account_id = a.id, g.store_id = o.store_id AND g.state = 'active'
      AND (g.expires_at IS NULL OR t.created_at < g.expires_at)))
BEGIN
  SELECT RAISE(ABORT, 'TENDER_NOT_PAID');
END;

CREATE TRIGGER order_tender_never_changes BEFORE UPDATE ON order_tender BEGIN
  SELECT RAISE(ABORT, 'tenders of an order never change');
END;

CREATE TRIGGER checkout_completed_as_paid BEFORE UPDATE OF state ON checkout
WHEN NEW.state = 'completed' AND EXISTS (SELECT 1 FROM orders o
  WHERE o.organization_id = NEW.organization_id AND o.checkout_id = NEW.id AND o.total_minor <>
    coalesce((SELECT sum(p.amount_minor) FROM payment p
      WHERE p.organization_id = o.organization_id AND p.order_id = o.id), 0)
    + coalesce((SELECT sum(t.amount_minor) FROM order_tender t
      WHERE t.organization_id = o.organization_id AND t.order_id = o.id), 0))
BEGIN
  SELECT RAISE(ABORT, 'an order is not paid by its tenders');
END;

CREATE TRIGGER ledger_account_of_customer BEFORE INSERT ON ledger_account
WHEN NEW.kind = 'store-credit' AND NOT EXISTS (SELECT 1 FROM account a
  WHERE a.organization_id = NEW.organization_id AND a.id = NEW.id AND a.email_verified_at IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'LEDGER_UNVERIFIED');
END;

CREATE TRIGGER order_tender_stays BEFORE DELETE ON order_tender BEGIN
  SELECT RAISE(ABORT, 'tenders of an order never change');
END;
