-- Attributes that a store declares of its products or their variants. What a product has of them stands in its source,
-- and as facets of the kind 'attribute:' with the key, one of each at least: these tell whether an attribute is in use.
CREATE TABLE attribute_definition (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- Never another: sources name it.
  key TEXT NOT NULL,
  -- Its name, type and limits, in JSON.
  definition TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (store_id, key)
) STRICT;

-- Each product that is written is read with all of them.
CREATE TRIGGER attribute_definition_count AFTER INSERT ON attribute_definition
WHEN (SELECT count(*) FROM attribute_definition a
  WHERE a.organization_id = NEW.organization_id AND a.store_id = NEW.store_id) > 250
BEGIN
  SELECT RAISE(ABORT, 'ATTRIBUTE_COUNT');
END;
