-- What a CDN in front is to take back, from the commit that changed it until the CDN has been told. Where there is no
-- CDN, nothing is written here.

CREATE TABLE cache_purge (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- A JSON array.
  tags TEXT NOT NULL,
  -- Attempts of the job begun. Whoever takes a purge counts one and moves `next_attempt_at` by its lease, in one
  -- statement: nobody else takes it before then.
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX cache_purge_due ON cache_purge (next_attempt_at, organization_id);
