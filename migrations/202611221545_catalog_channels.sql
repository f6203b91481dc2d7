-- Channels: where a store sells. A product is published in all of them, or in those that its source names; a
-- publishable key may be of one, and so are the sessions that are opened with it.
--
-- What is published in a channel has a facet of the kind 'channel' with its id, so that a list of the channel is a
-- range of an index as that of a tag is. Where the source names it there is another, with '=' before the id: these
-- tell whether a channel is in use, and which products were given some.
CREATE TABLE channel (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  handle TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Products that were there before it are put into it in the order of their ids, up to this one; NULL: all are.
  filled_to TEXT DEFAULT '',
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (store_id, handle)
) STRICT;

-- Each product that is published in all of them has a facet of each.
CREATE TRIGGER channel_count AFTER INSERT ON channel
WHEN (SELECT count(*) FROM channel c
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id) > 100
BEGIN
  SELECT RAISE(ABORT, 'CHANNEL_COUNT');
END;

-- Without references: who comes with a channel that is gone sees nothing, and an order keeps what it copied.
ALTER TABLE api_key ADD COLUMN channel_id TEXT;
ALTER TABLE checkout ADD COLUMN channel_id TEXT;
ALTER TABLE orders ADD COLUMN channel_id TEXT;

CREATE INDEX api_key_channel ON api_key (channel_id) WHERE channel_id IS NOT NULL;
