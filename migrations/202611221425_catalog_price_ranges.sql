-- A product is in a range of prices when its lowest price is: the one that lists show it from, and order it by. So a
-- range is one of an index in the order of prices, and how far a product's prices lie apart is asked by nobody.
DROP INDEX product_price_spread;
ALTER TABLE product DROP COLUMN price_spread;

DROP INDEX product_price_in_range;
ALTER TABLE product_price_range DROP COLUMN price_spread;

-- What is in a range is put in another order without a look at its rows.
DROP INDEX product_price;
CREATE INDEX product_price ON product
  (store_id, price_min, id, publish_at, unpublish_at, created_at, title_key, organization_id) WHERE status = 'active';
DROP INDEX product_facet_price;
CREATE INDEX product_facet_price ON product_facet
  (store_id, kind, value, price_min, product_id, publish_at, unpublish_at, created_at, title_key, organization_id)
  WHERE active = 1;
