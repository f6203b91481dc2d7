-- Files that a store keeps in the deployment's bucket. The bucket is written by whoever uploads and by removals; the
-- database says what should be in it.

CREATE TABLE media_file (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes > 0),
  -- Where it is in the bucket: 'org_.../store_.../RANDOM/name.png'.
  object_key TEXT NOT NULL,
  alt TEXT NOT NULL,
  -- In thousandths of width and height, from the top left corner.
  focal_x INTEGER CHECK (focal_x BETWEEN 0 AND 1000),
  focal_y INTEGER CHECK (focal_y BETWEEN 0 AND 1000),
  status TEXT NOT NULL CHECK (status IN ('pending', 'ready')),
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((focal_x IS NULL) = (focal_y IS NULL))
) STRICT;

CREATE INDEX media_file_newest ON media_file (store_id, id);

-- Uploads that never came to their end are looked for by a job.
CREATE INDEX media_file_pending ON media_file (created_at, organization_id) WHERE status = 'pending';

-- Objects to be removed from the bucket. Their files are gone.
CREATE TABLE media_removal (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  object_key TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  -- Until then an upload that was allowed may still put the object there again.
  uploads_end_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, object_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX media_removal_due ON media_removal (next_attempt_at, organization_id);

-- A product's image may be a file: the file stays as long as it is one. Without a file the image is a URL somewhere.
ALTER TABLE product_image ADD COLUMN file_id TEXT REFERENCES media_file (id);
CREATE INDEX product_image_file ON product_image (file_id) WHERE file_id IS NOT NULL;

CREATE TRIGGER product_image_shows_file BEFORE INSERT ON product_image WHEN NEW.file_id IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'FILE_NOT_READY') WHERE NOT EXISTS (
    SELECT 1 FROM media_file f JOIN product p ON p.id = NEW.product_id AND p.organization_id = NEW.organization_id
    WHERE f.id = NEW.file_id AND f.organization_id = NEW.organization_id AND f.store_id = p.store_id
      AND f.status = 'ready');
END;
