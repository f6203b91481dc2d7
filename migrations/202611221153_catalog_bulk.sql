-- Bulk upserts: a job takes products as JSON Lines in numbered parts, each in commits of some hundred products. How far
-- a part has come is written in the commit that writes its products, so that whoever was stopped anywhere goes on
-- there.

CREATE TABLE bulk_job (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  name TEXT NOT NULL,
  -- What becomes of members that a line leaves out: they are kept, or get their defaults.
  mode TEXT NOT NULL CHECK (mode IN ('merge', 'replace')),
  state TEXT NOT NULL CHECK (state IN ('open', 'finished', 'cancelled')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX bulk_job_newest ON bulk_job (store_id, created_at);
CREATE INDEX bulk_job_named ON bulk_job (store_id, name, id) WHERE state = 'open';

CREATE TABLE bulk_part (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  job_id TEXT NOT NULL REFERENCES bulk_job (id) ON DELETE CASCADE,
  part INTEGER NOT NULL CHECK (part > 0),
  -- Of its content, in hexadecimal digits: the same number with other content is refused.
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  -- Up to here its lines are dealt with.
  bytes_done INTEGER NOT NULL CHECK (bytes_done <= bytes),
  lines INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  PRIMARY KEY (job_id, part)
) STRICT, WITHOUT ROWID;

-- Lines that were left out.
CREATE TABLE bulk_error (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  job_id TEXT NOT NULL REFERENCES bulk_job (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  -- In the part, counted from 1.
  line INTEGER NOT NULL,
  -- What is wrong with it: a list in JSON.
  errors TEXT NOT NULL,
  PRIMARY KEY (job_id, part, line)
) STRICT, WITHOUT ROWID;
