-- Bulk upserts that are only tried: each commit is made up to its end and taken back, so that nothing is left in the
-- store of what the lines before have made. What they would have taken is kept here instead, as long as the job takes
-- parts; afterwards it goes slice by slice, since it may be millions of rows.

ALTER TABLE bulk_job ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0 CHECK (dry_run IN (0, 1));

-- Whether it may have rows in `bulk_claim`.
ALTER TABLE bulk_job ADD COLUMN has_claims INTEGER NOT NULL DEFAULT 0 CHECK (has_claims IN (0, 1));

CREATE INDEX bulk_job_claims ON bulk_job (store_id, id) WHERE has_claims = 1;

CREATE TABLE bulk_claim (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  job_id TEXT NOT NULL REFERENCES bulk_job (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('handle', 'sku')),
  value TEXT NOT NULL,
  -- One of the store's, or the one that it would have got.
  product_id TEXT NOT NULL,
  PRIMARY KEY (job_id, kind, value)
) STRICT, WITHOUT ROWID;
