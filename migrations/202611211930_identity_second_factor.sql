-- Second factors: a secret that an authenticator app shares with us (TOTP, RFC 6238), and recovery codes.

CREATE TABLE second_factor (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- 20 bytes, sealed.
  secret_sealed TEXT NOT NULL,
  -- NULL: shown, and not yet proved to have arrived; asked for by no login.
  confirmed_at INTEGER,
  -- The newest step of 30 s whose code was accepted: no code of it or before is accepted again.
  last_step INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_code (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  -- SHA-256 of the code in its canonical form, in hex.
  code_hash TEXT NOT NULL CHECK (length(code_hash) = 64),
  used_at INTEGER,
  PRIMARY KEY (account_id, code_hash)
) STRICT, WITHOUT ROWID;
