-- Categories are made, changed and moved, and products stand in more of them than their main one. A product's answer
-- gets its category when it is read, so that renaming or moving a category writes none of its products.

ALTER TABLE category ADD COLUMN position INTEGER NOT NULL DEFAULT 0 CHECK (position >= 0);
-- The order of the category's products, unless a list asks for another.
ALTER TABLE category ADD COLUMN product_order TEXT NOT NULL DEFAULT 'newest'
  CHECK (product_order IN ('manual', 'newest', 'title', '-title', 'price', '-price'));
-- HTML as the merchant gave it, and made safe to put into a page.
ALTER TABLE category ADD COLUMN description_html TEXT NOT NULL DEFAULT '';
ALTER TABLE category ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE category ADD COLUMN image_url TEXT;
ALTER TABLE category ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE category ADD COLUMN seo_title TEXT;
ALTER TABLE category ADD COLUMN seo_description TEXT;
ALTER TABLE category ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE category ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;

UPDATE category SET updated_at = created_at;

CREATE INDEX category_child ON category (store_id, parent_id, position, id);
CREATE INDEX category_parent ON category (parent_id);
CREATE INDEX product_category ON product (category_id);

-- What a product's row does not say of its categories: those beside its main one (`extra`), and its place in any.
CREATE TABLE category_product (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  category_id TEXT NOT NULL REFERENCES category (id),
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  position INTEGER CHECK (position >= 0),
  extra INTEGER NOT NULL CHECK (extra IN (0, 1)),
  PRIMARY KEY (category_id, product_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX category_product_product ON category_product (product_id);

-- The product's place in what it stands in; what has none comes last. NULL where there are no places, as in tags.
ALTER TABLE product_facet ADD COLUMN position INTEGER;

UPDATE product_facet SET position = 9007199254740991 WHERE kind = 'category';

CREATE INDEX product_facet_position ON product_facet (store_id, kind, value, position, product_id)
  WHERE active = 1 AND position IS NOT NULL;

UPDATE product SET document = json_remove(document, '$.category');

-- A category is no ancestor of its own, whoever moved which one at the same moment.
CREATE TRIGGER category_cycle BEFORE UPDATE OF parent_id ON category
WHEN NEW.parent_id IS NOT OLD.parent_id AND EXISTS (
  SELECT 1 FROM category p
  WHERE p.organization_id = NEW.organization_id AND p.id = NEW.parent_id
    AND (p.id = OLD.id OR substr(p.path, 1, length(OLD.path) + 1) = OLD.path || '/'))
BEGIN
  SELECT RAISE(ABORT, 'CATEGORY_CYCLE');
END;

-- A path is the parent's, of the same store, with the handle.
CREATE TRIGGER category_path_moved AFTER UPDATE OF parent_id, handle ON category
WHEN (NEW.parent_id, NEW.handle) IS NOT (OLD.parent_id, OLD.handle) AND NEW.path IS NOT iif(NEW.parent_id IS NULL, '', (
  SELECT p.path || '/' FROM category p WHERE p.organization_id = NEW.organization_id
    AND p.store_id = NEW.store_id AND p.id = NEW.parent_id)) || NEW.handle
BEGIN
  SELECT RAISE(ABORT, 'CATEGORY_PATH');
END;

CREATE TRIGGER category_path_made AFTER INSERT ON category
WHEN NEW.path IS NOT iif(NEW.parent_id IS NULL, '', (
  SELECT p.path || '/' FROM category p WHERE p.organization_id = NEW.organization_id
    AND p.store_id = NEW.store_id AND p.id = NEW.parent_id)) || NEW.handle
BEGIN
  SELECT RAISE(ABORT, 'CATEGORY_PATH');
END;

CREATE TRIGGER category_depth_moved AFTER UPDATE OF path ON category
WHEN length(NEW.path) - length(replace(NEW.path, '/', '')) >= 10
BEGIN
  SELECT RAISE(ABORT, 'CATEGORY_DEPTH');
END;

CREATE TRIGGER category_depth_made AFTER INSERT ON category
WHEN length(NEW.path) - length(replace(NEW.path, '/', '')) >= 10
BEGIN
  SELECT RAISE(ABORT, 'CATEGORY_DEPTH');
END;

CREATE TRIGGER category_count AFTER INSERT ON category
WHEN (SELECT count(*) FROM category c
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id) > 10000
BEGIN
  SELECT RAISE(ABORT, 'CATEGORY_COUNT');
END;
