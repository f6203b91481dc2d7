-- Signed quotes: what a cart costs until a moment, whatever the merchant changes meanwhile. The token says the totals; what
-- they were totalled from is kept here, since that is more than a token should carry, and more than a buyer is told.

CREATE TABLE quote (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- SHA-256 of the token, in hex: who shows another text finds nothing, whoever has signed it.
  token_hash TEXT NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  cart_id TEXT NOT NULL,
  channel_id TEXT,
  -- Who alone may use it; NULL: whoever has the cart.
  account_id TEXT,
  -- The engine's question, and the version of the engine.
  question TEXT NOT NULL CHECK (json_valid(question)),
  engine INTEGER NOT NULL,
  -- JSON: where alone it goes; NULL: wherever the same tax zone holds.
  destination TEXT CHECK (json_valid(destination)),
  -- JSON: what it is sent by, one for each delivery.
  deliveries TEXT NOT NULL CHECK (json_type(deliveries) = 'array'),
  -- The certificate that its customer is exempt from tax by.
  exemption_sealed TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- The checkout that has become an order with it.
  checkout_id TEXT
) STRICT;

-- What is over is forgotten, the oldest first.
CREATE INDEX quote_expires ON quote (store_id, expires_at);

-- The quote that a checkout was opened with.
ALTER TABLE checkout ADD COLUMN quote_id TEXT;

-- A quote becomes one order. Here, so that a release that knows no quotes uses it up as well.
CREATE TRIGGER checkout_uses_its_quote BEFORE UPDATE OF state ON checkout
WHEN NEW.state = 'completed' AND OLD.state <> 'completed' AND NEW.quote_id IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'QUOTE_USED') WHERE NOT EXISTS (SELECT 1 FROM quote q
    WHERE q.organization_id = NEW.organization_id AND q.id = NEW.quote_id AND q.checkout_id IS NULL);
  UPDATE quote SET checkout_id = NEW.id WHERE organization_id = NEW.organization_id AND id = NEW.quote_id;
END;
