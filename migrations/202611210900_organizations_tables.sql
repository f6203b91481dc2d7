-- An organization is the tenant; it owns stores. Every other tenant-owned row carries its id.

CREATE TABLE organization (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE store (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  -- Ten-thousandths of the major unit in one minor unit: 100 for EUR, 10000 for JPY, 10 for BHD.
  -- Lets a statement turn a decimal of at most four digits into minor units without floats.
  minor_unit_scale INTEGER NOT NULL CHECK (minor_unit_scale IN (1, 10, 100, 10000)),
  created_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
) STRICT;

CREATE TABLE api_key (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  kind TEXT NOT NULL CHECK (kind IN ('publishable', 'secret')),
  -- SHA-256 of the whole key, in hex. The key itself is never stored.
  secret_hash TEXT NOT NULL UNIQUE CHECK (length(secret_hash) = 64),
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT;
