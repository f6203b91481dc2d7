-- With the status in it, the index has all that sitemaps ask for: no product's row, long as it is, is read for them.
DROP INDEX product_sitemap;

CREATE INDEX product_sitemap
  ON product (store_id, id, organization_id, status, handle, updated_at, publish_at, unpublish_at)
  WHERE status = 'active';
