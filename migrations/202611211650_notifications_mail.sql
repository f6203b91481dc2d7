-- Mails to people, from the commit that causes one until a provider has taken it.

CREATE TABLE mail (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- What it tells of, once: a commit that is repeated adds no second mail.
  event_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  locale TEXT NOT NULL,
  -- Encrypted with the organization's data key. Forgotten as soon as the mail is sent or given up: the address is
  -- personal, and links hold secrets.
  recipient_sealed TEXT,
  message_sealed TEXT,
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
  -- Attempts begun. Whoever takes a mail counts one and moves `next_attempt_at` by its lease, in one statement:
  -- nobody else takes it before then, and afterwards the count tells the two apart.
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  -- Afterwards it would come too late: its link is no good any more.
  expires_at INTEGER NOT NULL,
  -- Why the last attempt failed; never an address or a secret.
  last_error TEXT,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  UNIQUE (organization_id, event_key),
  CHECK (state <> 'queued' OR (recipient_sealed IS NOT NULL AND message_sealed IS NOT NULL))
) STRICT;

CREATE INDEX mail_due ON mail (next_attempt_at, organization_id) WHERE state = 'queued';
