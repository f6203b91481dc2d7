-- Where a store keeps what it sells, and where it can be picked up.

CREATE TABLE location (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  id TEXT NOT NULL,
  store_id TEXT NOT NULL REFERENCES store (id),
  name TEXT NOT NULL,
  -- JSON; NULL: nobody has said.
  address TEXT CHECK (json_type(address) = 'object'),
  -- Micro-degrees.
  latitude INTEGER CHECK (latitude BETWEEN -90000000 AND 90000000),
  longitude INTEGER CHECK (longitude BETWEEN -180000000 AND 180000000),
  -- The smaller, the sooner it is taken from.
  priority INTEGER NOT NULL DEFAULT 0,
  active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
  -- Whether orders are sent from it.
  fulfils_online INTEGER NOT NULL DEFAULT 1 CHECK (fulfils_online IN (0, 1)),
  offers_pickup INTEGER NOT NULL DEFAULT 0 CHECK (offers_pickup IN (0, 1)),
  -- 1: where what products and imports say of stock is.
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, store_id, name),
  CHECK ((latitude IS NULL) = (longitude IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX location_listed ON location (organization_id, store_id, id);
CREATE UNIQUE INDEX location_default ON location (organization_id, store_id) WHERE is_default = 1;

CREATE TRIGGER location_count AFTER INSERT ON location
WHEN (SELECT count(*) FROM location l
  WHERE l.organization_id = NEW.organization_id AND l.store_id = NEW.store_id) > 100
BEGIN
  SELECT RAISE(ABORT, 'LOCATION_COUNT');
END;

-- Each store has one from the beginning, which has the store's id under its own prefix.
INSERT INTO location (organization_id, id, store_id, name, is_default, created_at, updated_at)
SELECT s.organization_id, 'loc_' || substr(s.id, instr(s.id, '_') + 1), s.id, 'Main', 1, s.created_at, s.created_at
FROM store s;

CREATE TRIGGER store_has_a_location AFTER INSERT ON store BEGIN
  INSERT INTO location (organization_id, id, store_id, name, is_default, created_at, updated_at)
  VALUES (NEW.organization_id, 'loc_' || substr(NEW.id, instr(NEW.id, '_') + 1), NEW.id, 'Main', 1, NEW.created_at,
    NEW.created_at);
END;
