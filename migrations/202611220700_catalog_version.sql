-- How often a store's catalog was written: products, variants, what is left of them, categories. Every commit that
-- changes what a storefront is shown raises it, so that an answer says how new it is, and a client can ask for one
-- that is new enough.

CREATE TABLE catalog_version (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  version INTEGER NOT NULL CHECK (version > 0)
) STRICT, WITHOUT ROWID;
