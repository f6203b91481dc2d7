-- How a store ships: zones with their methods.

CREATE TABLE shipping_zone (
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  name TEXT NOT NULL,
  -- The first one holds where two describe a place equally closely.
  position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 1000000),
  -- JSON, as the next.
  areas TEXT NOT NULL,
  methods TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (store_id, id)
) STRICT;

CREATE INDEX shipping_zone_order ON shipping_zone (store_id, position, id);

-- '*' is everywhere.
CREATE TABLE shipping_zone_country (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL,
  country TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  PRIMARY KEY (store_id, country, zone_id),
  FOREIGN KEY (store_id, zone_id) REFERENCES shipping_zone (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX shipping_zone_country_zone ON shipping_zone_country (store_id, zone_id);

CREATE TRIGGER shipping_zone_count AFTER INSERT ON shipping_zone
WHEN (SELECT count(*) FROM shipping_zone z
  WHERE z.organization_id = NEW.organization_id AND z.store_id = NEW.store_id) > 300
BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_ZONE_COUNT');
END;

-- All of a store's may be read at once.
CREATE TRIGGER shipping_zone_inserted AFTER INSERT ON shipping_zone BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_ZONE_SIZE') WHERE (SELECT sum(length(z.areas) + length(z.methods)) FROM shipping_zone z
    WHERE z.organization_id = NEW.organization_id AND z.store_id = NEW.store_id) > 1000000;
  INSERT INTO shipping_zone_country (organization_id, store_id, country, zone_id)
  SELECT DISTINCT NEW.organization_id, NEW.store_id, coalesce(a.value ->> '$.country', '*'), NEW.id
  FROM json_each(NEW.areas) a;
END;

CREATE TRIGGER shipping_zone_changed AFTER UPDATE ON shipping_zone BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_ZONE_SIZE') WHERE (SELECT sum(length(z.areas) + length(z.methods)) FROM shipping_zone z
    WHERE z.organization_id = NEW.organization_id AND z.store_id = NEW.store_id) > 1000000;
  DELETE FROM shipping_zone_country
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND zone_id = NEW.id;
  INSERT INTO shipping_zone_country (organization_id, store_id, country, zone_id)
  SELECT DISTINCT NEW.organization_id, NEW.store_id, coalesce(a.value ->> '$.country', '*'), NEW.id
  FROM json_each(NEW.areas) a;
END;
