-- What a checkout was agreed to cost, by which rules, and what an order was made with: so that each can be totalled again.

-- The engine's question and its answer; NULL for checkouts from before.
ALTER TABLE checkout ADD COLUMN question TEXT CHECK (json_valid(question));
ALTER TABLE checkout ADD COLUMN totals TEXT CHECK (json_valid(totals));
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
