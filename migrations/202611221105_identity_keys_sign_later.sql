-- A key of access tokens is published before it signs; since when it does, in milliseconds since 1970. Those that are
-- there sign already.
ALTER TABLE token_key ADD COLUMN signs_from INTEGER NOT NULL DEFAULT 0;
