-- Whoever works for a store from outside (a sync job) says how its connection is; and each store may have a
-- storefront of its own.

ALTER TABLE store RENAME COLUMN health TO former_health;
ALTER TABLE store ADD COLUMN health TEXT NOT NULL DEFAULT 'unknown'
  CHECK (health IN ('unknown', 'healthy', 'degraded', 'failing'));
UPDATE store SET health = former_health;
ALTER TABLE store DROP COLUMN former_health;
-- What the reporter says of it, for people.
ALTER TABLE store ADD COLUMN health_message TEXT;
-- When it was so. A report of an earlier moment changes nothing.
ALTER TABLE store ADD COLUMN health_at INTEGER;
-- Where the links in mails lead; NULL: where those of the deployment do.
ALTER TABLE store ADD COLUMN storefront_url TEXT;
