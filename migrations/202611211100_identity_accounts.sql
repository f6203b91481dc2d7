-- People: accounts (staff and customers alike, each of one organization), their sessions, and the keys that
-- sign their tokens. What is `sealed` is encrypted with the organization's data key and bound to its row.

-- Signs access tokens of all organizations. Two are alive during a rotation; a retired one signs nothing.
CREATE TABLE token_key (
  kid TEXT NOT NULL PRIMARY KEY,
  -- Ed25519, 32 bytes in base64url.
  public_key TEXT NOT NULL,
  -- The private key, wrapped by the master key of that id.
  private_key_wrapped TEXT NOT NULL,
  master_key_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- From then on it verifies no more: the last token it signed has expired.
  retires_at INTEGER
) STRICT;

-- Those that sign, and those that still verify.
CREATE INDEX token_key_retires ON token_key (retires_at, created_at);

-- The data key of each organization, wrapped by the master key of that id.
CREATE TABLE organization_key (
  organization_id TEXT NOT NULL PRIMARY KEY REFERENCES organization (id),
  wrapped TEXT NOT NULL,
  master_key_id TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- HMAC-SHA256 of the address in lower case, in hex: finds an account without being readable.
  email_hash TEXT NOT NULL CHECK (length(email_hash) = 64),
  email_sealed TEXT NOT NULL,
  name_sealed TEXT,
  phone_sealed TEXT,
  -- PHC string. NULL: no password; logs in by other means.
  password_hash TEXT,
  -- `customer`, a role of the staff, or the id of a custom role.
  role TEXT NOT NULL,
  -- JSON array of grants. Empty: the role is not narrowed.
  grants TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(grants)),
  state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
  locale TEXT NOT NULL,
  email_verified_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, email_hash)
) STRICT;

-- One login, and all refresh tokens that came of it: a token family.
CREATE TABLE session (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  -- The number of the current refresh token, and its SHA-256 in hex. The token itself is never stored.
  generation INTEGER NOT NULL CHECK (generation >= 1),
  token_hash TEXT NOT NULL CHECK (length(token_hash) = 64),
  rotated_at INTEGER NOT NULL,
  -- What the person knows the device by: `User-Agent`, shortened.
  device TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  revoked_because TEXT CHECK (revoked_because IN ('logout', 'revoked', 'theft', 'password-changed', 'suspended'))
) STRICT;

CREATE INDEX session_account ON session (account_id, created_at);
