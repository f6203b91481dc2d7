-- Handles of categories and collections in other locales, as their translations say them, and those that they had: who
-- asks for one is told the present one.

CREATE TABLE collection_handle (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  collection_id TEXT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  locale TEXT NOT NULL,
  -- Within which a handle is one collection's: a locale falls back to its language.
  language TEXT AS (substr(locale, 1, instr(locale || '-', '-') - 1)) VIRTUAL,
  handle TEXT NOT NULL,
  PRIMARY KEY (collection_id, locale)
) STRICT;

CREATE UNIQUE INDEX collection_handle_handle ON collection_handle (store_id, handle, locale);

CREATE TABLE collection_former_handle (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  handle TEXT NOT NULL,
  -- Empty of a handle that was the collection's own.
  locale TEXT NOT NULL,
  collection_id TEXT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  PRIMARY KEY (store_id, handle, locale)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_former_handle_collection ON collection_former_handle (collection_id);

CREATE TRIGGER collection_handle_own_made AFTER INSERT ON collection BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN') WHERE EXISTS (
    SELECT 1 FROM collection_handle h WHERE h.organization_id = NEW.organization_id AND h.store_id = NEW.store_id
      AND h.handle = NEW.handle AND h.collection_id <> NEW.id);
  DELETE FROM collection_former_handle
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle = NEW.handle AND locale = '';
  INSERT INTO collection_handle (organization_id, store_id, collection_id, locale, handle)
  SELECT NEW.organization_id, NEW.store_id, NEW.id, said.key, said.value ->> '$.handle'
  FROM json_each(NEW.translations) said WHERE said.value ->> '$.handle' IS NOT NULL;
END;

CREATE TRIGGER collection_handle_own_changed AFTER UPDATE OF handle ON collection WHEN NEW.handle <> OLD.handle BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN') WHERE EXISTS (
    SELECT 1 FROM collection_handle h WHERE h.organization_id = NEW.organization_id AND h.store_id = NEW.store_id
      AND h.handle = NEW.handle AND h.collection_id <> NEW.id);
  DELETE FROM collection_former_handle
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle IN (NEW.handle, OLD.handle)
    AND locale = '';
  INSERT INTO collection_former_handle (organization_id, store_id, handle, locale, collection_id)
  SELECT OLD.organization_id, OLD.store_id, OLD.handle, '', OLD.id;
END;

CREATE TRIGGER collection_handle_said AFTER UPDATE OF translations ON collection
WHEN NEW.translations <> OLD.translations BEGIN
  DELETE FROM collection_handle
  WHERE organization_id = NEW.organization_id AND collection_id = NEW.id AND locale NOT IN (
    SELECT said.key FROM json_each(NEW.translations) said WHERE said.value ->> '$.handle' IS NOT NULL);
  INSERT INTO collection_handle (organization_id, store_id, collection_id, locale, handle)
  SELECT NEW.organization_id, NEW.store_id, NEW.id, said.key, said.value ->> '$.handle'
  FROM json_each(NEW.translations) said WHERE said.value ->> '$.handle' IS NOT NULL
  ON CONFLICT (collection_id, locale) DO UPDATE SET handle = excluded.handle
  WHERE collection_handle.organization_id = excluded.organization_id AND collection_handle.handle <> excluded.handle;
END;

-- A handle finds one collection in a language: not another's that is called so there, nor one that is called so wherever
-- it is not translated.
CREATE TRIGGER collection_handle_made AFTER INSERT ON collection_handle BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN') WHERE EXISTS (
    SELECT 1 FROM collection c WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id
      AND c.handle = NEW.handle AND c.id <> NEW.collection_id)
  OR EXISTS (
    SELECT 1 FROM collection_handle h WHERE h.organization_id = NEW.organization_id AND h.store_id = NEW.store_id
      AND h.handle = NEW.handle AND h.collection_id <> NEW.collection_id AND h.language = NEW.language);
  DELETE FROM collection_former_handle
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle = NEW.handle
    AND locale = NEW.locale;
END;

CREATE TRIGGER collection_handle_changed AFTER UPDATE OF handle ON collection_handle
WHEN NEW.handle <> OLD.handle BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN') WHERE EXISTS (
    SELECT 1 FROM collection c WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id
      AND c.handle = NEW.handle AND c.id <> NEW.collection_id)
  OR EXISTS (
    SELECT 1 FROM collection_handle h WHERE h.organization_id = NEW.organization_id AND h.store_id = NEW.store_id
      AND h.handle = NEW.handle AND h.collection_id <> NEW.collection_id AND h.language = NEW.language);
  DELETE FROM collection_former_handle
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle IN (NEW.handle, OLD.handle)
    AND locale = NEW.locale;
  INSERT INTO collection_former_handle (organization_id, store_id, handle, locale, collection_id)
  SELECT OLD.organization_id, OLD.store_id, OLD.handle, OLD.locale, OLD.collection_id;
END;

-- Not when it goes with its collection.
CREATE TRIGGER collection_handle_gone AFTER DELETE ON collection_handle
WHEN EXISTS (
  SELECT 1 FROM collection c WHERE c.organization_id = OLD.organization_id AND c.id = OLD.collection_id) BEGIN
  DELETE FROM collection_former_handle
  WHERE organization_id = OLD.organization_id AND store_id = OLD.store_id AND handle = OLD.handle
    AND locale = OLD.locale;
  INSERT INTO collection_former_handle (organization_id, store_id, handle, locale, collection_id)
  SELECT OLD.organization_id, OLD.store_id, OLD.handle, OLD.locale, OLD.collection_id;
END;

-- Where categories stand, what they are called there, in each locale, and where they stood. A path is looked up handle by
-- handle: a category that moves leaves one row for each handle of its own and none for what is below it. A path was one
-- while each handle on it led to the next at the same time.
CREATE TABLE category_address (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  -- The category's parent; empty of a root.
  parent TEXT NOT NULL,
  handle TEXT NOT NULL,
  -- Empty of the category's own handle.
  locale TEXT NOT NULL,
  -- Within which a handle is one category's of the parent: a locale falls back to its language.
  language TEXT AS (substr(locale, 1, instr(locale || '-', '-') - 1)) VIRTUAL,
  -- It may be gone: then this leads to what was below it.
  category_id TEXT NOT NULL,
  -- The catalog's versions between which it stood there, with what was in between where it came back; the last one is
  -- the highest number where it still does.
  from_version INTEGER NOT NULL,
  until_version INTEGER NOT NULL,
  PRIMARY KEY (store_id, parent, handle, locale, category_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX category_address_present ON category_address (category_id, locale)
  WHERE until_version = 9007199254740991;
CREATE INDEX category_address_category ON category_address (category_id);

INSERT INTO category_address (organization_id, store_id, parent, handle, locale, category_id, from_version,
  until_version)
SELECT organization_id, store_id, coalesce(parent_id, ''), handle, '', id, 0, 9007199254740991 FROM category;

-- A handle finds one category of a parent in a language: not another's that is called so there, nor one that is called
-- so wherever it is not translated.
CREATE TRIGGER category_address_made AFTER INSERT ON category_address
WHEN NEW.until_version = 9007199254740991 AND EXISTS (
  SELECT 1 FROM category_address o WHERE o.organization_id = NEW.organization_id AND o.store_id = NEW.store_id
    AND o.parent = NEW.parent AND o.handle = NEW.handle AND o.until_version = 9007199254740991
    AND o.category_id <> NEW.category_id AND (o.locale = '' OR NEW.locale = '' OR o.language = NEW.language)) BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN');
END;

CREATE TRIGGER category_address_again AFTER UPDATE OF until_version ON category_address
WHEN NEW.until_version = 9007199254740991 AND EXISTS (
  SELECT 1 FROM category_address o WHERE o.organization_id = NEW.organization_id AND o.store_id = NEW.store_id
    AND o.parent = NEW.parent AND o.handle = NEW.handle AND o.until_version = 9007199254740991
    AND o.category_id <> NEW.category_id AND (o.locale = '' OR NEW.locale = '' OR o.language = NEW.language)) BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN');
END;

CREATE TRIGGER category_addressed AFTER INSERT ON category BEGIN
  INSERT INTO category_address (organization_id, store_id, parent, handle, locale, category_id, from_version,
    until_version)
  SELECT NEW.organization_id, NEW.store_id, coalesce(NEW.parent_id, ''), said.handle, said.locale, NEW.id, coalesce((
    SELECT v.version FROM catalog_version v
    WHERE v.organization_id = NEW.organization_id AND v.store_id = NEW.store_id), 0), 9007199254740991
  FROM (SELECT '' AS locale, NEW.handle AS handle UNION ALL
    SELECT t.key, t.value ->> '$.handle' FROM json_each(NEW.translations) t) said
  WHERE said.handle IS NOT NULL;
END;

-- Under another parent and with other handles at once: what is in between is nobody's.
CREATE TRIGGER category_readdressed AFTER UPDATE OF parent_id, handle, translations ON category
WHEN (NEW.parent_id, NEW.handle, NEW.translations) IS NOT (OLD.parent_id, OLD.handle, OLD.translations) BEGIN
  UPDATE category_address SET until_version = coalesce((
    SELECT v.version FROM catalog_version v
    WHERE v.organization_id = NEW.organization_id AND v.store_id = NEW.store_id), 0)
  WHERE organization_id = NEW.organization_id AND category_id = NEW.id AND until_version = 9007199254740991
    AND (parent, handle) IS NOT (coalesce(NEW.parent_id, ''),
      iif(locale = '', NEW.handle, NEW.translations ->> ('$."' || locale || '".handle')));
  INSERT INTO category_address (organization_id, store_id, parent, handle, locale, category_id, from_version,
    until_version)
  SELECT NEW.organization_id, NEW.store_id, coalesce(NEW.parent_id, ''), said.handle, said.locale, NEW.id, coalesce((
    SELECT v.version FROM catalog_version v
    WHERE v.organization_id = NEW.organization_id AND v.store_id = NEW.store_id), 0), 9007199254740991
  FROM (SELECT '' AS locale, NEW.handle AS handle UNION ALL
    SELECT t.key, t.value ->> '$.handle' FROM json_each(NEW.translations) t) said
  WHERE said.handle IS NOT NULL
  ON CONFLICT (store_id, parent, handle, locale, category_id) DO UPDATE SET until_version = excluded.until_version
  WHERE category_address.organization_id = excluded.organization_id
    AND category_address.until_version <> excluded.until_version;
END;

-- What was below it and stands elsewhere now is found by its former path still.
CREATE TRIGGER category_gone BEFORE DELETE ON category BEGIN
  UPDATE category_address SET until_version = coalesce((
    SELECT v.version FROM catalog_version v
    WHERE v.organization_id = OLD.organization_id AND v.store_id = OLD.store_id), 0)
  WHERE organization_id = OLD.organization_id AND category_id = OLD.id AND until_version = 9007199254740991;
  DELETE FROM category_address
  WHERE organization_id = OLD.organization_id AND category_id = OLD.id AND NOT EXISTS (
    SELECT 1 FROM category_address b WHERE b.organization_id = OLD.organization_id
      AND b.store_id = OLD.store_id AND b.parent = OLD.id);
END;

-- All that is asked for where sitemaps are cut into pages.
CREATE INDEX category_sitemap ON category (store_id, id, organization_id, updated_at);
CREATE INDEX collection_sitemap ON collection (store_id, id, organization_id, updated_at);
