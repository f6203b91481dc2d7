-- What a checkout and an order are taxed by, and what that comes to.

-- Of the store's tax rules, beside `rules_version`, which is of its promotions. NULL: from before, by none.
ALTER TABLE checkout ADD COLUMN tax_version INTEGER;

-- What of a line is tax, and what is paid for it in all; NULL for lines from before, where that is the total less the
-- discount.
ALTER TABLE order_line ADD COLUMN tax_minor INTEGER NOT NULL DEFAULT 0 CHECK (tax_minor >= 0);
ALTER TABLE order_line ADD COLUMN gross_minor INTEGER CHECK (gross_minor >= 0);

-- Whether prices hold the tax, and how it is rounded, are rules of tax as well.
CREATE TRIGGER tax_store_changed AFTER UPDATE OF tax_mode, rounding ON store
WHEN NEW.tax_mode IS NOT OLD.tax_mode OR NEW.rounding IS NOT OLD.rounding
BEGIN
  UPDATE tax_version SET version = version + 1
  WHERE organization_id = NEW.organization_id AND store_id = NEW.id;
END;

CREATE TRIGGER tax_organization_changed AFTER UPDATE OF tax_mode, rounding ON organization
WHEN NEW.tax_mode IS NOT OLD.tax_mode OR NEW.rounding IS NOT OLD.rounding
BEGIN
  UPDATE tax_version SET version = version + 1
  WHERE organization_id = NEW.id AND store_id IN (SELECT s.id FROM store s WHERE s.organization_id = NEW.id);
END;
