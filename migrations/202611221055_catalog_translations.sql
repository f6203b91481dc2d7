-- What products say in other locales: rendered when the product is written, as its document and card are, with each
-- text that a locale lacks taken from the nearest that has it. Only locales that the product is translated to have a
-- row.

CREATE TABLE product_translation (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  locale TEXT NOT NULL,
  -- Within which a handle is one product's: a locale falls back to its language.
  language TEXT AS (substr(locale, 1, instr(locale || '-', '-') - 1)) VIRTUAL,
  -- Of its own in this locale.
  handle TEXT,
  -- What it is called by: of its own, or the nearest.
  shown_handle TEXT NOT NULL,
  document TEXT NOT NULL,
  card TEXT NOT NULL,
  -- What the variants are called, in their order: a JSON array of members of their documents. NULL: as they are there.
  variants TEXT,
  PRIMARY KEY (product_id, locale)
) STRICT;

CREATE UNIQUE INDEX product_translation_handle ON product_translation (store_id, handle, locale)
  WHERE handle IS NOT NULL;

-- Handles that products had in a locale: who asks for one is told the present one.
CREATE TABLE product_former_translation (
  organization_id TEXT NOT NULL REFERENCES organization (id),
  store_id TEXT NOT NULL REFERENCES store (id),
  handle TEXT NOT NULL,
  locale TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
  PRIMARY KEY (store_id, handle, locale)
) STRICT, WITHOUT ROWID;

CREATE INDEX product_former_translation_product ON product_former_translation (product_id);

-- A handle finds one product in a language: not another's that is called so there, nor one that is called so wherever
-- it is not translated.
CREATE TRIGGER product_translation_made AFTER INSERT ON product_translation WHEN NEW.handle IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN') WHERE EXISTS (
    SELECT 1 FROM product p WHERE p.organization_id = NEW.organization_id AND p.store_id = NEW.store_id
      AND p.handle = NEW.handle AND p.id <> NEW.product_id)
  OR EXISTS (
    SELECT 1 FROM product_translation t WHERE t.organization_id = NEW.organization_id AND t.store_id = NEW.store_id
      AND t.handle = NEW.handle AND t.product_id <> NEW.product_id AND t.language = NEW.language);
  DELETE FROM product_former_translation
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle = NEW.handle
    AND locale = NEW.locale;
END;

CREATE TRIGGER product_translation_renamed AFTER UPDATE OF handle ON product_translation
WHEN NEW.handle IS NOT OLD.handle BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN') WHERE EXISTS (
    SELECT 1 FROM product p WHERE p.organization_id = NEW.organization_id AND p.store_id = NEW.store_id
      AND p.handle = NEW.handle AND p.id <> NEW.product_id)
  OR EXISTS (
    SELECT 1 FROM product_translation t WHERE t.organization_id = NEW.organization_id AND t.store_id = NEW.store_id
      AND t.handle = NEW.handle AND t.product_id <> NEW.product_id AND t.language = NEW.language);
  DELETE FROM product_former_translation
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id AND handle IN (NEW.handle, OLD.handle)
    AND locale = NEW.locale;
  INSERT INTO product_former_translation (organization_id, store_id, handle, locale, product_id)
  SELECT OLD.organization_id, OLD.store_id, OLD.handle, OLD.locale, OLD.product_id WHERE OLD.handle IS NOT NULL;
END;

-- Not when it goes with its product.
CREATE TRIGGER product_translation_gone AFTER DELETE ON product_translation
WHEN OLD.handle IS NOT NULL AND EXISTS (
  SELECT 1 FROM product p WHERE p.organization_id = OLD.organization_id AND p.id = OLD.product_id) BEGIN
  DELETE FROM product_former_translation
  WHERE organization_id = OLD.organization_id AND store_id = OLD.store_id AND handle = OLD.handle
    AND locale = OLD.locale;
  INSERT INTO product_former_translation (organization_id, store_id, handle, locale, product_id)
  VALUES (OLD.organization_id, OLD.store_id, OLD.handle, OLD.locale, OLD.product_id);
END;

CREATE TRIGGER product_handle_made_twice AFTER INSERT ON product WHEN EXISTS (
  SELECT 1 FROM product_translation t WHERE t.organization_id = NEW.organization_id AND t.store_id = NEW.store_id
    AND t.handle = NEW.handle AND t.product_id <> NEW.id) BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN');
END;

CREATE TRIGGER product_handle_changed_twice AFTER UPDATE OF handle ON product
WHEN NEW.handle <> OLD.handle AND EXISTS (
  SELECT 1 FROM product_translation t WHERE t.organization_id = NEW.organization_id AND t.store_id = NEW.store_id
    AND t.handle = NEW.handle AND t.product_id <> NEW.id) BEGIN
  SELECT RAISE(ABORT, 'HANDLE_TAKEN');
END;
