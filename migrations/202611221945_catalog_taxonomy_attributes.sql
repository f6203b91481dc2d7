-- Categories and collections have values of attributes that the store declares of them. What is shown of the values
-- stands in their rows; what they are found by, and what tells whether an attribute or a file is in use, as facets.

ALTER TABLE category ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE collection ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';

CREATE TABLE category_facet (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  category_id TEXT NOT NULL REFERENCES category (id) ON DELETE CASCADE,
  -- The attribute's.
  key TEXT NOT NULL,
  -- Empty where lists do not find it: it says no more than that there is a value.
  value TEXT NOT NULL,
  -- Where the value stands among others: see `shared/src/catalog/attribute/range.rs`.
  ordinal TEXT,
  -- What lists are in the order of is the category's.
  path TEXT NOT NULL,
  parent_id TEXT,
  position INTEGER NOT NULL,
  PRIMARY KEY (category_id, key, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX category_facet_tree ON category_facet (store_id, key, value, path, category_id, organization_id);
CREATE INDEX category_facet_child ON category_facet
  (store_id, key, value, parent_id, position, category_id, organization_id);

CREATE TRIGGER category_facet_moved AFTER UPDATE OF path, parent_id, position ON category
WHEN (NEW.path, NEW.parent_id, NEW.position) IS NOT (OLD.path, OLD.parent_id, OLD.position)
BEGIN
  UPDATE category_facet SET path = NEW.path, parent_id = NEW.parent_id, position = NEW.position
  WHERE organization_id = NEW.organization_id AND +store_id = NEW.store_id AND category_id = NEW.id;
END;

CREATE TABLE collection_facet (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  collection_id TEXT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  ordinal TEXT,
  handle TEXT NOT NULL,
  PRIMARY KEY (collection_id, key, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_facet_handle ON collection_facet (store_id, key, value, handle, collection_id, organization_id);

CREATE TRIGGER collection_facet_renamed AFTER UPDATE OF handle ON collection WHEN NEW.handle <> OLD.handle
BEGIN
  UPDATE collection_facet SET handle = NEW.handle
  WHERE organization_id = NEW.organization_id AND +store_id = NEW.store_id AND collection_id = NEW.id;
END;
