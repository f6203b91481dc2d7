-- What picking up costs at each location.

-- By the location: a method as those of zones are kept.
ALTER TABLE shipping_setting ADD COLUMN pickups TEXT NOT NULL DEFAULT '{}'
  CHECK (json_type(pickups) = 'object' AND length(pickups) <= 200000);

CREATE TRIGGER shipping_pickup_known_inserted AFTER INSERT ON shipping_setting
WHEN EXISTS (SELECT 1 FROM json_each(NEW.pickups) p WHERE NOT EXISTS (SELECT 1 FROM location l
  WHERE l.organization_id = NEW.organization_id AND l.id = p.key AND l.store_id = NEW.store_id))
BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_PICKUP_UNKNOWN');
END;

CREATE TRIGGER shipping_pickup_known_changed AFTER UPDATE OF pickups ON shipping_setting
WHEN EXISTS (SELECT 1 FROM json_each(NEW.pickups) p WHERE NOT EXISTS (SELECT 1 FROM location l
  WHERE l.organization_id = NEW.organization_id AND l.id = p.key AND l.store_id = NEW.store_id))
BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_PICKUP_UNKNOWN');
END;

-- Whether it is picked up from a location is one of the rules of shipping.
CREATE TRIGGER shipping_version_pickup AFTER UPDATE OF active, offers_pickup ON location
WHEN (NEW.active, NEW.offers_pickup) <> (OLD.active, OLD.offers_pickup)
BEGIN
  UPDATE shipping_version SET version = version + 1
  WHERE store_id = NEW.store_id AND organization_id = NEW.organization_id;
END;

-- Which writes a rule of shipping, and advances their version.
CREATE TRIGGER shipping_pickup_gone AFTER DELETE ON location BEGIN
  UPDATE shipping_setting SET pickups = json_remove(pickups, '$.' || OLD.id), version = version + 1
  WHERE store_id = OLD.store_id AND organization_id = OLD.organization_id
    AND json_type(pickups, '$.' || OLD.id) IS NOT NULL;
END;
