-- What a merchant knows an API key by, once its text is gone.

ALTER TABLE api_key ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- The last four characters of the key.
ALTER TABLE api_key ADD COLUMN hint TEXT NOT NULL DEFAULT '';
-- The key that took its place when it was rotated.
ALTER TABLE api_key ADD COLUMN replaced_by TEXT REFERENCES api_key (id);

CREATE INDEX api_key_store ON api_key (store_id, created_at, id);
