-- Secrets that are good once, anew: also for a change of the e-mail address, and counted for whoever asked. Those that
-- are on their way end here, which the longest does within a day; whoever waits asks again.

DROP TABLE one_time_token;

CREATE TABLE one_time_token (
  -- SHA-256 of the token, in hex. The token itself is never stored.
  token_hash TEXT NOT NULL CHECK (length(token_hash) = 64),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('verify-email', 'reset-password', 'magic-link', 'second-factor',
    'change-email')),
  -- NULL: nobody has the address that asked. Written all the same, so that asking takes as long.
  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,
  -- Of a registration: what was chosen with it, which holds once the address is confirmed. The password is a PHC
  -- string; the name is sealed for its place in `account`.
  password_hash TEXT,
  name_sealed TEXT,
  -- Of a change of the address: the new one, its keyed hash and itself, sealed for its place in `account`.
  email_hash TEXT CHECK (length(email_hash) = 64),
  email_sealed TEXT,
  -- And the session that asked for it, which goes on.
  session_id TEXT,
  -- The S256 code challenge of the client that asked, which alone can use it. NULL: anyone who has it.
  code_challenge TEXT CHECK (length(code_challenge) = 43),
  -- Keyed hash of the network address of whoever asked, in hex. NULL: nobody has to ask for it.
  requested_by TEXT CHECK (length(requested_by) = 64),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (organization_id, token_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_token_account ON one_time_token (account_id, purpose, created_at);
CREATE INDEX one_time_token_over ON one_time_token (organization_id, expires_at);
