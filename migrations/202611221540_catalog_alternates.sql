-- In which locales a product is told, and by which handle: without its documents, which lie in the same rows.
CREATE INDEX product_translation_told ON product_translation (product_id, locale, shown_handle, organization_id);
