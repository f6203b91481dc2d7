-- Rates of external providers: whom a store asks, and what was answered for a checkout.

CREATE TABLE shipping_setting (
  store_id TEXT NOT NULL PRIMARY KEY REFERENCES store (id),
  organization_id TEXT NOT NULL REFERENCES organization (id),
  -- By the name that methods give each: {"url", "timeoutMillis", "secretSealed"}.
  providers TEXT NOT NULL CHECK (json_type(providers) = 'object' AND length(providers) <= 40000),
  version INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL
) STRICT;

-- Whom a method names, the store knows. A method whose provider is gone would be hidden, or cost something else, without a
-- word.
CREATE TRIGGER shipping_zone_provided_inserted AFTER INSERT ON shipping_zone
WHEN EXISTS (SELECT 1 FROM json_each(NEW.methods) m WHERE m.value ->> '$.price.by' = 'external'
  AND NOT EXISTS (SELECT 1 FROM shipping_setting s, json_each(s.providers) p
    WHERE s.organization_id = NEW.organization_id AND s.store_id = NEW.store_id
      AND p.key = m.value ->> '$.price.provider'))
BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_PROVIDER_UNKNOWN');
END;

CREATE TRIGGER shipping_zone_provided_changed AFTER UPDATE OF methods ON shipping_zone
WHEN EXISTS (SELECT 1 FROM json_each(NEW.methods) m WHERE m.value ->> '$.price.by' = 'external'
  AND NOT EXISTS (SELECT 1 FROM shipping_setting s, json_each(s.providers) p
    WHERE s.organization_id = NEW.organization_id AND s.store_id = NEW.store_id
      AND p.key = m.value ->> '$.price.provider'))
BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_PROVIDER_UNKNOWN');
END;

CREATE TRIGGER shipping_setting_in_use AFTER UPDATE OF providers ON shipping_setting
WHEN EXISTS (SELECT 1 FROM shipping_zone z, json_each(z.methods) m
  WHERE z.organization_id = NEW.organization_id AND z.store_id = NEW.store_id AND m.value ->> '$.price.by' = 'external'
    AND NOT EXISTS (SELECT 1 FROM json_each(NEW.providers) p WHERE p.key = m.value ->> '$.price.provider'))
BEGIN
  SELECT RAISE(ABORT, 'SHIPPING_PROVIDER_IN_USE');
END;

-- Whom to ask is one of the rules of shipping.
CREATE TRIGGER shipping_version_provided AFTER INSERT ON shipping_setting BEGIN
  INSERT INTO shipping_version (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

CREATE TRIGGER shipping_version_provided_anew AFTER UPDATE ON shipping_setting BEGIN
  INSERT INTO shipping_version (store_id, organization_id, version) VALUES (NEW.store_id, NEW.organization_id, 1)
  ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = NEW.organization_id;
END;

-- What providers were asked and have answered of what was chosen; NULL: none was asked.
ALTER TABLE checkout ADD COLUMN shipping_answers TEXT CHECK (json_valid(shipping_answers));
