-- Who completes a taxed checkout without counting the taxes is of a release from before them.
CREATE TRIGGER checkout_completed_as_taxed BEFORE UPDATE OF state ON checkout
WHEN NEW.state = 'completed' AND NEW.tax_version IS NOT NULL AND EXISTS (
  SELECT 1 FROM orders o JOIN order_line l ON l.organization_id = o.organization_id AND l.order_id = o.id
  WHERE o.organization_id = NEW.organization_id AND o.checkout_id = NEW.id AND l.gross_minor IS NULL)
BEGIN
  SELECT raise(ABORT, 'a checkout is completed without what it is taxed');
END;
