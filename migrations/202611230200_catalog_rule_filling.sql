-- A rule that is written, or taken away, is held against the store's products some thousand a commit, in the order of
-- their ids: up to this one they were; NULL: all were. What is written meanwhile is held against it in its own commit.
ALTER TABLE collection ADD COLUMN filled_to TEXT;

-- What the job goes on with.
CREATE INDEX collection_filling ON collection (store_id, id) WHERE filled_to IS NOT NULL;
