-- Ranges of numbers, decimals, dates and amounts: a text that stands among others as the value does, so that a range
-- of values is one of an index. `shared/src/catalog/attribute/range.rs` says how it is made; a date is its own.
ALTER TABLE product_facet ADD COLUMN ordinal TEXT;

UPDATE product_facet SET ordinal = value
WHERE kind GLOB 'attribute:?*' AND value <> '' AND EXISTS (
  SELECT 1 FROM attribute_definition a
  WHERE a.organization_id = product_facet.organization_id AND a.store_id = product_facet.store_id
    AND a.key = substr(product_facet.kind, 11)
    AND coalesce(a.definition ->> 'items', a.definition ->> 'type') = 'date');

-- 0 becomes 9, 1 becomes 8, and so on, by way of letters.
UPDATE product_facet SET ordinal = (
  SELECT iif(is_negative, char(91 - whole) || replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
      letters, 'a', '0'), 'b', '1'), 'c', '2'), 'd', '3'), 'e', '4'), 'f', '5'), 'g', '6'), 'h', '7'), 'i', '8'), 'j', '9')
      || '~', char(96 + whole) || digits)
  FROM (SELECT is_negative, whole, digits, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        digits, '0', 'j'), '1', 'i'), '2', 'h'), '3', 'g'), '4', 'f'), '5', 'e'), '6', 'd'), '7', 'c'), '8', 'b'), '9', 'a')
        AS letters
    FROM (SELECT is_negative, replace(digits, '.', '') AS digits,
        iif(instr(digits, '.') > 0, instr(digits, '.') - 1, length(digits)) AS whole
      FROM (SELECT value LIKE '-%' AS is_negative,
          ltrim(iif(instr(value, '.') > 0, rtrim(rtrim(value, '0'), '.'), value), '-') AS digits))))
WHERE kind GLOB 'attribute:?*' AND value <> '' AND EXISTS (
  SELECT 1 FROM attribute_definition a
  WHERE a.organization_id = product_facet.organization_id AND a.store_id = product_facet.store_id
    AND a.key = substr(product_facet.kind, 11)
    AND coalesce(a.definition ->> 'items', a.definition ->> 'type') IN ('number', 'decimal', 'money'));

CREATE INDEX product_facet_ordinal ON product_facet
  (store_id, kind, ordinal, product_id, publish_at, unpublish_at, organization_id)
  WHERE active = 1 AND ordinal IS NOT NULL;

-- Of a condition that asks for a range of an attribute's values: between which of these texts they stand.
ALTER TABLE collection_condition ADD COLUMN low TEXT;
ALTER TABLE collection_condition ADD COLUMN high TEXT;

DROP TRIGGER product_stock_collected;

-- What is sold out, or there again, leaves or enters the collections whose rule asks for it. The condition is that of
-- `MEETS` in the catalog's store, which holds for every other write.
CREATE TRIGGER product_stock_collected AFTER UPDATE OF in_stock ON product
WHEN NEW.in_stock <> OLD.in_stock AND EXISTS (
  SELECT 1 FROM collection c CROSS JOIN collection_condition k
    ON k.organization_id = NEW.organization_id AND k.collection_id = c.id AND k.field = 'inStock'
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id AND c.kind = 'rule')
BEGIN
  DELETE FROM product_facet
  WHERE organization_id = NEW.organization_id AND +store_id = NEW.store_id AND product_id = NEW.id
    AND +kind = 'collection' AND value IN (
      SELECT c.id FROM collection c WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id
        AND c.kind = 'rule');
  INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
    price_min, publish_at, unpublish_at, position)
  SELECT p.organization_id, p.store_id, 'collection', c.id, p.id, p.status = 'active', p.created_at, p.title_key,
    p.price_min, p.publish_at, p.unpublish_at, 9007199254740991
  FROM collection c
  CROSS JOIN product p ON p.id = NEW.id AND p.organization_id = NEW.organization_id
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id AND c.kind = 'rule'
    AND (EXISTS (
  SELECT 1 FROM collection_condition k
  WHERE k.organization_id = NEW.organization_id AND k.collection_id = c.id AND (CASE k.field
    WHEN 'price' THEN coalesce(iif(k.operator = 'at-least', p.price_max >= k.minor, p.price_min <= k.minor), 0)
    WHEN 'inStock' THEN p.in_stock = k.minor
    WHEN 'title' THEN CASE k.operator WHEN 'equals' THEN p.title_key = k.value
      WHEN 'contains' THEN instr(p.title_key, k.value) > 0
      WHEN 'starts-with' THEN substr(p.title_key, 1, length(k.value)) = k.value
      ELSE substr(p.title_key, -length(k.value)) = k.value END
    WHEN 'vendor' THEN CASE k.operator WHEN 'equals' THEN p.vendor = k.value
      WHEN 'contains' THEN instr(p.vendor, k.value) > 0
      WHEN 'starts-with' THEN substr(p.vendor, 1, length(k.value)) = k.value
      ELSE substr(p.vendor, -length(k.value)) = k.value END
    WHEN 'productType' THEN CASE k.operator WHEN 'equals' THEN p.product_type = k.value
      WHEN 'contains' THEN instr(p.product_type, k.value) > 0
      WHEN 'starts-with' THEN substr(p.product_type, 1, length(k.value)) = k.value
      ELSE substr(p.product_type, -length(k.value)) = k.value END
    ELSE iif(k.low IS NULL, EXISTS (SELECT 1 FROM product_facet f
      WHERE f.organization_id = NEW.organization_id AND f.store_id = p.store_id AND f.kind = k.field
        AND f.value = k.value AND f.product_id = p.id), EXISTS (SELECT 1 FROM product_facet f
      WHERE f.organization_id = NEW.organization_id AND +f.store_id = p.store_id AND +f.kind = k.field
        AND f.product_id = p.id AND f.ordinal >= k.low AND f.ordinal <= k.high))
    END <> k.negated) <> c.is_all) <> c.is_all);
END;
