-- A file stays as long as a category or collection shows it by its address.

CREATE INDEX category_image ON category (store_id, image_url) WHERE image_url IS NOT NULL;
CREATE INDEX collection_image ON collection (store_id, image_url) WHERE image_url IS NOT NULL;
CREATE INDEX media_file_object ON media_file (store_id, object_key);
