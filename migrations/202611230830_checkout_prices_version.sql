-- How often what decides the store's prices had been written when a checkout was agreed to. What was agreed to before this
-- was so without price lists: as if nothing had ever been written.
ALTER TABLE checkout ADD COLUMN prices_version INTEGER NOT NULL DEFAULT 0;
