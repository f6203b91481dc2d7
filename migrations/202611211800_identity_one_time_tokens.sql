-- Secrets that are good once: for links in mails, and between a right password and the second factor.

CREATE TABLE one_time_token (
  -- SHA-256 of the token, in hex. The token itself is never stored.
  token_hash TEXT NOT NULL CHECK (length(token_hash) = 64),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('verify-email', 'reset-password', 'magic-link', 'second-factor')),
  -- NULL: nobody has the address that asked. Written all the same, so that asking takes as long.
  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,
  -- Of a registration: what was chosen with it, which holds once the address is confirmed. The password is a PHC
  -- string; the name is sealed for its place in `account`.
  password_hash TEXT,
  name_sealed TEXT,
  -- The S256 code challenge of the client that asked, which alone can use it. NULL: anyone who has it.
  code_challenge TEXT CHECK (length(code_challenge) = 43),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (organization_id, token_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_token_account ON one_time_token (account_id, purpose, created_at);
CREATE INDEX one_time_token_over ON one_time_token (organization_id, expires_at);
