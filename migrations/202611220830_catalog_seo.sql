-- Handles that products had: who asks for one is told the present one. A product that takes such a handle has it; none
-- is both.

CREATE TABLE product_former_handle (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  handle TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  since INTEGER NOT NULL,
  PRIMARY KEY (store_id, handle)
) STRICT, WITHOUT ROWID;

CREATE INDEX product_former_handle_product ON product_former_handle (product_id);

CREATE TRIGGER product_handle_taken AFTER INSERT ON product BEGIN
  DELETE FROM product_former_handle
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle = NEW.handle;
END;

CREATE TRIGGER product_handle_changed AFTER UPDATE OF handle ON product WHEN NEW.handle <> OLD.handle BEGIN
  DELETE FROM product_former_handle
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle IN (NEW.handle, OLD.handle);
  INSERT INTO product_former_handle (organization_id, store_id, handle, product_id, since)
  VALUES (OLD.organization_id, OLD.store_id, OLD.handle, NEW.id, NEW.updated_at);
END;

-- All that a sitemap says of a product, in the order of its pages.
CREATE INDEX product_sitemap
  ON product (store_id, id, organization_id, handle, updated_at, publish_at, unpublish_at) WHERE status = 'active';

-- The last member of a document is what search engines are told (schema.org), without what is known when it is read.
UPDATE product SET document = substr(document, 1, length(document) - 1) || ',"jsonLd":' || replace(json_patch(
  json_object('@context', 'https://schema.org', '@type', 'Product', 'name', title),
  json_object(
    'description', nullif(document ->> '$.seo.description', ''),
    'brand', iif(vendor = '', NULL, json_object('@type', 'Brand', 'name', vendor)),
    'image', iif(json_array_length(document, '$.images') > 0,
      (SELECT json_group_array(i.value ->> '$.url') FROM json_each(document, '$.images') i), NULL))
  ), '<', '\u003c') || '}';
