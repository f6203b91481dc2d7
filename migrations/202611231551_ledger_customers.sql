-- Who may have store credit, and what of an order stays.

-- Anybody may register any address, and a registration that nobody has confirmed gives way to whose address it is: what it
-- had to its credit would be nobody's.
CREATE TRIGGER ledger_account_of_customer BEFORE INSERT ON ledger_account
WHEN NEW.kind = 'store-credit' AND NOT EXISTS (SELECT 1 FROM account a
  WHERE a.organization_id = NEW.organization_id AND a.id = NEW.id AND a.email_verified_at IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'LEDGER_UNVERIFIED');
END;

CREATE TRIGGER order_tender_stays BEFORE DELETE ON order_tender BEGIN
  SELECT RAISE(ABORT, 'tenders of an order never change');
END;

CREATE TRIGGER order_delivery_stays BEFORE DELETE ON order_delivery BEGIN
  SELECT RAISE(ABORT, 'a delivery of an order never changes');
END;
