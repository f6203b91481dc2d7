-- Passkeys (Web Authentication): a store as authenticators know it, their public keys, and challenges on their way.

CREATE TABLE relying_party (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- A domain. Passkeys that were made for another one are not found any more.
  rp_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON array: the pages that may ask for passkeys.
  origins TEXT NOT NULL CHECK (json_valid(origins)),
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE passkey (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  -- What the person calls it.
  name TEXT NOT NULL,
  -- The authenticator's own id of the credential, in base64url.
  credential_id TEXT NOT NULL,
  -- For whom it was made: a domain.
  rp_id TEXT NOT NULL,
  -- COSE_Key, in base64url.
  public_key TEXT NOT NULL,
  algorithm INTEGER NOT NULL CHECK (algorithm IN (-8, -7, -257)),
  sign_count INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
  -- JSON array, as the browser told: where the authenticator may be found.
  transports TEXT NOT NULL CHECK (json_valid(transports)),
  -- The authenticator's model, in hex.
  aaguid TEXT NOT NULL CHECK (length(aaguid) = 32),
  backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
  backed_up INTEGER NOT NULL CHECK (backed_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  UNIQUE (organization_id, credential_id)
) STRICT;

CREATE INDEX passkey_account ON passkey (account_id, created_at);

-- Good once, for a few minutes.
CREATE TABLE passkey_challenge (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- SHA-256 of the challenge's text, in hex.
  challenge_hash TEXT NOT NULL CHECK (length(challenge_hash) = 64),
  -- Who registers. NULL: somebody logs in.
  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (organization_id, challenge_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX passkey_challenge_over ON passkey_challenge (organization_id, expires_at);
