-- Invoices and credit notes.

-- How a store writes them.
CREATE TABLE invoice_setting (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id) PRIMARY KEY,
  -- JSON: the seller, series and words.
  document TEXT NOT NULL CHECK (json_type(document) = 'object' AND length(document) <= 16384),
  version INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE invoice (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  id TEXT NOT NULL PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES orders (id),
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
  -- What stands before the number; within it numbers have no gaps.
  series TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  -- Of a credit note: its invoice, and the refund that it is about, if it is about one.
  credits_id TEXT REFERENCES invoice (id),
  refund_id TEXT UNIQUE REFERENCES refund (id),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  gross_minor INTEGER NOT NULL CHECK (gross_minor >= 0),
  -- All that stands in it but for whom it goes to.
  document TEXT NOT NULL CHECK (json_type(document) = 'object'),
  -- Whom it goes to, sealed.
  personal_sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  CHECK ((kind = 'credit-note') = (credits_id IS NOT NULL)),
  CHECK (kind = 'credit-note' OR refund_id IS NULL),
  UNIQUE (store_id, series, number)
) STRICT;

-- An order is invoiced once.
CREATE UNIQUE INDEX invoice_once ON invoice (order_id) WHERE kind = 'invoice';
CREATE INDEX invoice_of_order ON invoice (order_id, id);
CREATE INDEX invoice_of_store ON invoice (store_id, id);
CREATE INDEX invoice_credits ON invoice (credits_id) WHERE credits_id IS NOT NULL;

-- What is written down stays as it is.
CREATE TRIGGER invoice_never_changes BEFORE UPDATE ON invoice BEGIN
  SELECT RAISE(ABORT, 'INVOICE_NEVER_CHANGES');
END;

CREATE TRIGGER invoice_stays BEFORE DELETE ON invoice BEGIN
  SELECT RAISE(ABORT, 'INVOICE_NEVER_CHANGES');
END;

-- Numbers follow each other: the first of a series is the merchant's to choose.
CREATE TRIGGER invoice_number_follows BEFORE INSERT ON invoice BEGIN
  SELECT RAISE(ABORT, 'INVOICE_NUMBER_GAP') WHERE NEW.number > 1
    AND EXISTS (SELECT 1 FROM invoice i
      WHERE i.organization_id = NEW.organization_id AND i.store_id = NEW.store_id AND i.series = NEW.series)
    AND NOT EXISTS (SELECT 1 FROM invoice i
      WHERE i.organization_id = NEW.organization_id AND i.store_id = NEW.store_id AND i.series = NEW.series
        AND i.number = NEW.number - 1);
END;

-- All credit notes of an invoice come to no more than it does.
CREATE TRIGGER invoice_credited_within BEFORE INSERT ON invoice WHEN NEW.kind = 'credit-note' BEGIN
  SELECT RAISE(ABORT, 'CREDITED_BEYOND_INVOICE') WHERE NOT EXISTS (SELECT 1 FROM invoice i
    WHERE i.organization_id = NEW.organization_id AND i.store_id = NEW.store_id AND i.id = NEW.credits_id
      AND i.kind = 'invoice' AND i.order_id = NEW.order_id AND i.currency = NEW.currency
      AND NEW.gross_minor + coalesce((SELECT sum(c.gross_minor) FROM invoice c
          WHERE c.organization_id = NEW.organization_id AND c.credits_id = NEW.credits_id), 0) <= i.gross_minor);
END;
