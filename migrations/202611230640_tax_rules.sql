-- How a store taxes: its settings, and the zones with their rates.
--
-- What a cart or an order is taxed by is read in one go with the version of all of it, and a commit that relies on it
-- refuses where the version is another by then. Every write advances it, by the triggers below.

CREATE TABLE tax_version (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  version INTEGER NOT NULL
) STRICT;

-- None: the defaults.
CREATE TABLE tax_setting (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- JSON: what becomes of a price that holds another tax than the destination's.
  cross_border TEXT NOT NULL,
  tax_rounded_per TEXT NOT NULL CHECK (tax_rounded_per IN ('line', 'rate', 'order')),
  discounts_rounded_per TEXT NOT NULL CHECK (discounts_rounded_per IN ('line', 'order')),
  -- JSON: how what a delivery costs is taxed, unless its method says so itself.
  shipping_tax TEXT NOT NULL,
  -- JSON: the place whose tax holds as long as nobody knows where something goes.
  sells_from TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tax_zone (
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  name TEXT NOT NULL,
  -- The first one holds where two describe a place equally closely.
  position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 1000000),
  -- JSON, as the next.
  areas TEXT NOT NULL,
  rates TEXT NOT NULL,
  -- Which one of those that are shipped with the program it was laid down as.
  preset TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (store_id, id),
  UNIQUE (store_id, preset)
) STRICT;

CREATE INDEX tax_zone_order ON tax_zone (store_id, position, id);

-- The countries of a zone's areas, so that a cart reads the zones of its own alone; '*' is everywhere.
CREATE TABLE tax_zone_country (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL,
  country TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  PRIMARY KEY (store_id, country, zone_id),
  FOREIGN KEY (store_id, zone_id) REFERENCES tax_zone (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX tax_zone_country_zone ON tax_zone_country (store_id, zone_id);

CREATE TRIGGER tax_zone_count AFTER INSERT ON tax_zone
WHEN (SELECT count(*) FROM tax_zone z
  WHERE z.organization_id = NEW.organization_id AND z.store_id = NEW.store_id) > 300
BEGIN
  SELECT RAISE(ABORT, 'TAX_ZONE_COUNT');
END;

-- All of a store's may be read at once.
CREATE TRIGGER tax_zone_inserted AFTER INSERT ON tax_zone BEGIN
  SELECT RAISE(ABORT, 'TAX_ZONE_SIZE') WHERE (SELECT sum(length(z.areas) + length(z.rates)) FROM tax_zone z
    WHERE z.organization_id = NEW.organization_id AND z.store_id = NEW.store_id) > 1000000;
  INSERT INTO tax_zone_country (organization_id, store_id, country, zone_id)
  SELECT DISTINCT NEW.organization_id, NEW.store_id, coalesce(a.value ->> '$.country', '*'), NEW.id
  FROM json_each(NEW.areas) a;
  INSERT INTO tax_version (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER tax_zone_changed AFTER UPDATE ON tax_zone BEGIN
  SELECT RAISE(ABORT, 'TAX_ZONE_SIZE') WHERE (SELECT sum(length(z.areas) + length(z.rates)) FROM tax_zone z
    WHERE z.organization_id = NEW.organization_id AND z.store_id = NEW.store_id) > 1000000;
  DELETE FROM tax_zone_country
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND zone_id = NEW.id;
  INSERT INTO tax_zone_country (organization_id, store_id, country, zone_id)
  SELECT DISTINCT NEW.organization_id, NEW.store_id, coalesce(a.value ->> '$.country', '*'), NEW.id
  FROM json_each(NEW.areas) a;
  UPDATE tax_version SET version = version + 1
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id;
END;

CREATE TRIGGER tax_zone_deleted AFTER DELETE ON tax_zone BEGIN
  UPDATE tax_version SET version = version + 1
  WHERE organization_id = OLD.organization_id AND store_id = OLD.store_id;
END;

CREATE TRIGGER tax_setting_inserted AFTER INSERT ON tax_setting BEGIN
  INSERT INTO tax_version (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER tax_setting_changed AFTER UPDATE ON tax_setting BEGIN
  UPDATE tax_version SET version = version + 1
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id;
END;
