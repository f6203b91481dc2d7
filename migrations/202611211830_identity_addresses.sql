-- Address books. An address is sealed as a whole: nothing looks into it but its owner.

CREATE TABLE address (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  -- JSON, sealed with the organization's data key.
  address_sealed TEXT NOT NULL,
  is_default_shipping INTEGER NOT NULL CHECK (is_default_shipping IN (0, 1)),
  is_default_billing INTEGER NOT NULL CHECK (is_default_billing IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX address_account ON address (account_id, created_at, id);
-- Of each kind an account has one default at most.
CREATE UNIQUE INDEX address_default_shipping ON address (account_id) WHERE is_default_shipping = 1;
CREATE UNIQUE INDEX address_default_billing ON address (account_id) WHERE is_default_billing = 1;
