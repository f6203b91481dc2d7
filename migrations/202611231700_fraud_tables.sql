-- How a store judges its orders, and those that a person looks at.

CREATE TABLE fraud_setting (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id) PRIMARY KEY,
  -- JSON: rules, windows, and what holds without counters.
  document TEXT NOT NULL CHECK (json_type(document) = 'object' AND length(document) <= 131072),
  version INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL
) STRICT;

-- An order is looked at once.
CREATE TABLE fraud_review (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  id TEXT NOT NULL PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE REFERENCES orders (id),
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected')),
  -- JSON: which rules held, in their order, and what they were asked about.
  reasons TEXT NOT NULL CHECK (json_type(reasons) = 'array'),
  signals TEXT NOT NULL CHECK (json_type(signals) = 'object'),
  -- What whoever decided has said, and who that was.
  note TEXT,
  decided_by TEXT,
  decided_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  -- Those that are open first, and the oldest of them.
  place TEXT NOT NULL GENERATED ALWAYS AS (CASE state WHEN 'open' THEN '0' ELSE '1' END || id) VIRTUAL,
  CHECK ((state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
) STRICT;

CREATE INDEX fraud_review_place ON fraud_review (store_id, place);

-- It is decided once.
CREATE TRIGGER fraud_review_decided BEFORE UPDATE ON fraud_review
WHEN OLD.state <> 'open'
BEGIN
  SELECT RAISE(ABORT, 'FRAUD_REVIEW_DECIDED');
END;
