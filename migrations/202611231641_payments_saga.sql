-- Payments by providers: who takes them, what is known of each and how it is tried, what providers have told, and what is
-- given back.

-- Whom a store takes payments by.
CREATE TABLE payment_provider (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('sandbox', 'stripe')),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- Whether orders are paid by it; those that were go on.
  is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  capture TEXT NOT NULL CHECK (capture IN ('automatic', 'manual')),
  -- {"apiKey", "webhookSecret"}, sealed.
  secrets_sealed TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, store_id, name)
) STRICT, WITHOUT ROWID;

-- NULL: the merchant's own word (manual), as releases before this one know it.
ALTER TABLE payment ADD COLUMN provider_id TEXT;
-- What the provider calls it; NULL: it may not know of it yet.
ALTER TABLE payment ADD COLUMN reference TEXT;
-- What is known of it: it only grows.
ALTER TABLE payment ADD COLUMN authorized_minor INTEGER NOT NULL DEFAULT 0 CHECK (authorized_minor >= 0);
ALTER TABLE payment ADD COLUMN captured_minor INTEGER NOT NULL DEFAULT 0 CHECK (captured_minor >= 0);
ALTER TABLE payment ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0);
ALTER TABLE payment ADD COLUMN is_over INTEGER NOT NULL DEFAULT 0 CHECK (is_over IN (0, 1));
-- Why somebody has to look at it.
ALTER TABLE payment ADD COLUMN review TEXT CHECK (review IN ('amount-mismatch'));
ALTER TABLE payment ADD COLUMN return_url TEXT;
-- How often it was tried: the number of the last attempt.
ALTER TABLE payment ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0);
-- Until when the buyer may pay.
ALTER TABLE payment ADD COLUMN ends_at INTEGER;
-- When somebody is to look how it stands; NULL: nobody has to.
ALTER TABLE payment ADD COLUMN due_at INTEGER;
ALTER TABLE payment ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

CREATE INDEX payment_due ON payment (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payment_by_provider ON payment (organization_id, provider_id) WHERE provider_id IS NOT NULL;

-- A provider stays as long as there is a payment by it.
CREATE TRIGGER payment_provider_stays BEFORE DELETE ON payment_provider
WHEN EXISTS (SELECT 1 FROM payment p WHERE p.organization_id = OLD.organization_id AND p.provider_id = OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'PROVIDER_IN_USE');
END;

-- What is known only grows, but for refunds that fail after all.
CREATE TRIGGER payment_never_goes_back BEFORE UPDATE ON payment
WHEN NEW.authorized_minor < OLD.authorized_minor OR NEW.captured_minor < OLD.captured_minor OR NEW.is_over < OLD.is_over
  OR NEW.amount_minor <> OLD.amount_minor OR NEW.provider_id IS NOT OLD.provider_id
  OR NEW.reference IS NOT coalesce(OLD.reference, NEW.reference)
BEGIN
  SELECT RAISE(ABORT, 'PAYMENT_NEVER_GOES_BACK');
END;

-- Each time that somebody has tried to pay. Means of payment are never kept.
CREATE TABLE payment_attempt (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  payment_id TEXT NOT NULL REFERENCES payment (id),
  -- Counts from 1: with the payment's id it is the key that the provider knows it by.
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'action', 'processing', 'declined', 'succeeded', 'ended')),
  -- The provider's word for why not.
  declined_for TEXT,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, payment_id, number)
) STRICT, WITHOUT ROWID;

-- What providers have told, each event once.
CREATE TABLE payment_event (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  provider_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  type TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, provider_id, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refund (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  order_id TEXT NOT NULL REFERENCES orders (id),
  payment_id TEXT NOT NULL REFERENCES payment (id),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  -- Of it, for shipping.
  shipping_minor INTEGER NOT NULL DEFAULT 0 CHECK (shipping_minor BETWEEN 0 AND amount_minor),
  -- [{"lineId", "quantity", "amount"}], in minor units.
  lines TEXT NOT NULL CHECK (json_type(lines) = 'array'),
  reason TEXT,
  state TEXT NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
  -- The provider's word for why not.
  failed_for TEXT,
  reference TEXT,
  -- When it is to be asked for again; NULL: it is decided.
  due_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX refund_of_order ON refund (order_id, id);
CREATE INDEX refund_due ON refund (due_at) WHERE due_at IS NOT NULL;

-- Never more than was captured and not given back; nor more units of a line than were ordered, nor more for shipping than
-- it cost.
CREATE TRIGGER refund_within BEFORE INSERT ON refund BEGIN
  SELECT RAISE(ABORT, 'REFUND_BEYOND_PAYMENT') WHERE NOT EXISTS (SELECT 1 FROM payment p
    WHERE p.organization_id = NEW.organization_id AND p.id = NEW.payment_id AND p.order_id = NEW.order_id
      AND p.currency = NEW.currency
      AND NEW.amount_minor + coalesce((SELECT sum(r.amount_minor) FROM refund r
          WHERE r.organization_id = NEW.organization_id AND r.order_id = NEW.order_id AND r.state <> 'failed'), 0)
        <= iif(p.provider_id IS NULL, iif(p.state IN ('captured', 'partially-refunded', 'refunded'), p.amount_minor, 0),
          p.captured_minor));

  SELECT RAISE(ABORT, 'REFUND_BEYOND_LINES') WHERE EXISTS (SELECT 1 FROM json_each(NEW.lines) n
    LEFT JOIN order_line l ON l.organization_id = NEW.organization_id AND l.order_id = NEW.order_id
      AND l.id = n.value ->> 'lineId'
    WHERE (l.quantity >= (n.value ->> 'quantity') + coalesce((SELECT sum(d.value ->> 'quantity')
        FROM refund r JOIN json_each(r.lines) d
        WHERE r.organization_id = NEW.organization_id AND r.order_id = NEW.order_id AND r.state <> 'failed'
          AND d.value ->> 'lineId' = l.id), 0)) IS NOT TRUE);

  SELECT RAISE(ABORT, 'REFUND_BEYOND_SHIPPING') WHERE NEW.shipping_minor > 0 AND NEW.shipping_minor
    + coalesce((SELECT sum(r.shipping_minor) FROM refund r
      WHERE r.organization_id = NEW.organization_id AND r.order_id = NEW.order_id AND r.state <> 'failed'), 0)
    > coalesce((SELECT sum(d.gross_minor) FROM order_delivery d
      WHERE d.organization_id = NEW.organization_id AND d.order_id = NEW.order_id), 0);
END;

-- What has failed stays so, and what it was about never changes.
CREATE TRIGGER refund_never_goes_back BEFORE UPDATE ON refund
WHEN (OLD.state = 'failed' AND NEW.state <> 'failed') OR (OLD.state = 'succeeded' AND NEW.state = 'pending')
  OR NEW.amount_minor <> OLD.amount_minor OR NEW.payment_id <> OLD.payment_id OR NEW.lines <> OLD.lines
  OR NEW.shipping_minor <> OLD.shipping_minor
BEGIN
  SELECT RAISE(ABORT, 'REFUND_NEVER_GOES_BACK');
END;

CREATE TRIGGER refund_stays BEFORE DELETE ON refund BEGIN
  SELECT RAISE(ABORT, 'REFUND_NEVER_GOES_BACK');
END;

-- What the sandbox knows: it stands where another provider's own database would.
CREATE TABLE sandbox_payment (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- Our payment's.
  id TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  standing TEXT NOT NULL
    CHECK (standing IN ('open', 'declined', 'action', 'processing', 'authorized', 'captured', 'cancelled')),
  -- What comes of it when somebody looks the next time.
  becomes TEXT CHECK (becomes IN ('declined', 'authorized', 'captured')),
  authorized_minor INTEGER NOT NULL DEFAULT 0,
  captured_minor INTEGER NOT NULL DEFAULT 0,
  -- How often money was taken for it.
  charges INTEGER NOT NULL DEFAULT 0 CHECK (charges <= 1),
  -- What it was tried with the last time, and in which attempt.
  token TEXT NOT NULL DEFAULT '',
  attempt INTEGER NOT NULL DEFAULT 0,
  -- {"refund_...": amount}
  refunds TEXT NOT NULL DEFAULT '{}' CHECK (json_type(refunds) = 'object'),
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
