-- What a checkout was agreed to cost, by which rules, and what an order was made with: so that each can be totalled again.

-- The engine's question, which the same engine answers in the same way again; NULL for checkouts from before.
ALTER TABLE checkout ADD COLUMN question TEXT CHECK (json_valid(question));
-- The version of the engine.
ALTER TABLE checkout ADD COLUMN engine INTEGER;
-- Of the store's rules, and when they say something else by themselves: NULL where they do not.
ALTER TABLE checkout ADD COLUMN rules_version INTEGER;
ALTER TABLE checkout ADD COLUMN rules_turn_at INTEGER;

-- What promotions take off a line. `total_minor` is before that.
ALTER TABLE order_line ADD COLUMN discount_minor INTEGER NOT NULL DEFAULT 0 CHECK (discount_minor >= 0);

CREATE TABLE order_totals (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  order_id TEXT NOT NULL PRIMARY KEY REFERENCES orders (id),
  -- Which engine answered. Another one is not asked again: it would count differently.
  engine INTEGER NOT NULL,
  question TEXT NOT NULL CHECK (json_valid(question)),
  totals TEXT NOT NULL CHECK (json_valid(totals))
) STRICT;

CREATE TRIGGER order_totals_never_change BEFORE UPDATE ON order_totals
BEGIN
  SELECT raise(ABORT, 'totals of an order never change');
END;

-- Who completes a checkout without counting what it has of promotions is of a release from before them.
CREATE TRIGGER checkout_completed_as_agreed BEFORE UPDATE OF state ON checkout
WHEN NEW.state = 'completed' AND NEW.question IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM orders o JOIN order_totals t ON t.organization_id = o.organization_id AND t.order_id = o.id
  WHERE o.organization_id = NEW.organization_id AND o.checkout_id = NEW.id)
BEGIN
  SELECT raise(ABORT, 'a checkout is completed without what it was agreed to by');
END;
