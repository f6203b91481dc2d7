-- Identity providers are changed in place; their version guards that.

ALTER TABLE identity_provider ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
