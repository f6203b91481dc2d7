-- What everybody may see of a payment provider's keys: the shop's page shows the provider's form by it.
ALTER TABLE payment_provider ADD COLUMN publishable_key TEXT
  CHECK (publishable_key IS NULL OR (publishable_key LIKE 'pk!_%' ESCAPE '!' AND length(publishable_key) <= 200));
