-- When the next product is published, or is so no more: until then an answer may be kept.
CREATE INDEX product_publish ON product (store_id, publish_at) WHERE status = 'active' AND publish_at IS NOT NULL;
CREATE INDEX product_unpublish ON product (store_id, unpublish_at)
  WHERE status = 'active' AND unpublish_at IS NOT NULL;

-- As the other indexes that lead lists, it holds what decides whether the product is shown.
DROP INDEX product_facet_position;
CREATE INDEX product_facet_position ON product_facet
  (store_id, kind, value, position, product_id, publish_at, unpublish_at) WHERE active = 1 AND position IS NOT NULL;
