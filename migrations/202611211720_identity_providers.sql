-- Other identity providers, whom they vouched for, and logins on their way there and back.

CREATE TABLE identity_provider (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  kind TEXT NOT NULL CHECK (kind IN ('oidc', 'google', 'kakao', 'naver')),
  name TEXT NOT NULL,
  issuer TEXT NOT NULL,
  -- NULL: nobody is sent there to log in; only its tokens are taken.
  client_id TEXT,
  -- Encrypted with the organization's data key. NULL: a public client, which PKCE alone protects.
  client_secret_sealed TEXT,
  scope TEXT NOT NULL,
  -- JSON array: the only pages it may send a browser back to.
  redirect_uris TEXT NOT NULL CHECK (json_valid(redirect_uris)),
  -- JSON array: its access tokens are taken where they are meant for one of these. Empty: none are.
  token_audiences TEXT NOT NULL CHECK (json_valid(token_audiences)),
  -- Whether whom it vouches for gets a new account.
  signs_up INTEGER NOT NULL CHECK (signs_up IN (0, 1)),
  -- Whether an address counts as verified of which it does not say so.
  trusts_email INTEGER NOT NULL CHECK (trusts_email IN (0, 1)),
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

-- Of one issuer there is one: its subjects are known by its name.
CREATE UNIQUE INDEX identity_provider_issuer ON identity_provider (organization_id, issuer) WHERE removed_at IS NULL;

-- A person at an issuer, and the account that they come to.
CREATE TABLE external_identity (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  linked_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX external_identity_account ON external_identity (account_id);

-- A login that was begun and not yet finished: good once, for a few minutes, in the browser that began it.
CREATE TABLE provider_login (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- SHA-256 of the `state`, in hex. PKCE's verifier and the nonce are derived from the state itself, which is
  -- stored nowhere.
  state_hash TEXT NOT NULL CHECK (length(state_hash) = 64),
  -- SHA-256 of what only the asking browser has, in hex.
  browser_hash TEXT NOT NULL CHECK (length(browser_hash) = 64),
  provider_id TEXT NOT NULL REFERENCES identity_provider (id),
  redirect_uri TEXT NOT NULL,
  -- Who wants to be linked. NULL: somebody who is not logged in.
  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (organization_id, state_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX provider_login_over ON provider_login (organization_id, expires_at);
