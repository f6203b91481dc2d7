-- Third-party apps: clients that trade their secret for access tokens (OAuth 2.0, client credentials).

CREATE TABLE app (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  name TEXT NOT NULL,
  -- The most that its tokens can carry.
  scopes TEXT NOT NULL,
  -- SHA-256 of the secret, in hex. The secret itself is never stored.
  secret_hash TEXT NOT NULL CHECK (length(secret_hash) = 64),
  -- The last four characters of the secret.
  hint TEXT NOT NULL,
  -- The secret before, good for the overlap after a rotation.
  previous_hash TEXT CHECK (length(previous_hash) = 64),
  previous_until INTEGER,
  created_at INTEGER NOT NULL,
  rotated_at INTEGER,
  -- How often its secret was replaced: of two rotations at once one counts.
  rotations INTEGER NOT NULL DEFAULT 0,
  revoked_at INTEGER,
  CHECK ((previous_hash IS NULL) = (previous_until IS NULL))
) STRICT;

CREATE INDEX app_store ON app (store_id, created_at, id);
