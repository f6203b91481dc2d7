-- What customers owe for orders, what providers hold of it, and what is given back, in the ledger. Nothing of it is posted by
-- a program: whatever moves an order or its payment posts, old releases among them. An order's tenders are posted where they
-- are redeemed.
--
-- `order`      sales gain the amount of the payment, which the customer owes: receivable loses it.
-- `capture`    the provider (or, by the merchant's word, the till) has it: clearing loses it, and nobody owes it any more.
-- `return`     a refund that has arrived: clearing gains it, refunds lose it.
-- `cancel`     the order never was: sales lose the amount, less what refunds have lost, and nobody owes it.

CREATE TRIGGER payment_posted AFTER INSERT ON payment BEGIN
  INSERT INTO ledger_account (organization_id, id, currency, kind)
  SELECT NEW.organization_id, k.id, NEW.currency, k.kind
  FROM (SELECT 'sales' AS id, 'sales' AS kind UNION ALL SELECT 'receivable', 'receivable' UNION ALL
    SELECT 'refunds', 'refunds' UNION ALL SELECT coalesce(NEW.provider_id, 'clearing'), 'clearing') k
  WHERE NOT EXISTS (SELECT 1 FROM ledger_account a
    WHERE a.organization_id = NEW.organization_id AND a.id = k.id AND a.currency = NEW.currency);

  INSERT INTO ledger_transaction (organization_id, id, store_id, kind, order_id, entries, created_at)
  SELECT NEW.organization_id, 'order_' || NEW.id, o.store_id, 'order', o.id, json_array(
      json_object('account', 'receivable', 'currency', NEW.currency, 'amount', -NEW.amount_minor),
      json_object('account', 'sales', 'currency', NEW.currency, 'amount', NEW.amount_minor)), NEW.created_at
  FROM orders o WHERE o.organization_id = NEW.organization_id AND o.id = NEW.order_id AND NEW.amount_minor > 0;

  INSERT INTO ledger_transaction (organization_id, id, store_id, kind, order_id, entries, created_at)
  SELECT NEW.organization_id, 'capture_' || NEW.id || '_0', o.store_id, 'capture', o.id, json_array(
      json_object('account', 'clearing', 'currency', NEW.currency, 'amount', -NEW.amount_minor),
      json_object('account', 'receivable', 'currency', NEW.currency, 'amount', NEW.amount_minor)), NEW.created_at
  FROM orders o WHERE o.organization_id = NEW.organization_id AND o.id = NEW.order_id AND NEW.amount_minor > 0
    AND NEW.provider_id IS NULL AND NEW.state = 'captured';
END;

-- By the merchant's word all of it; by a provider what it has told. What was captured for an order from before is not owed.
CREATE TRIGGER payment_capture_posted AFTER UPDATE OF state, captured_minor ON payment
WHEN iif(NEW.provider_id IS NULL, OLD.state NOT IN ('captured', 'partially-refunded', 'refunded')
    AND NEW.state = 'captured', NEW.captured_minor > OLD.captured_minor)
  AND EXISTS (SELECT 1 FROM ledger_transaction t
    WHERE t.organization_id = NEW.organization_id AND t.id = 'order_' || NEW.id)
BEGIN
  INSERT INTO ledger_transaction (organization_id, id, store_id, kind, order_id, entries, created_at)
  SELECT NEW.organization_id, 'capture_' || NEW.id || '_' || OLD.captured_minor, o.store_id, 'capture', o.id, json_array(
      json_object('account', coalesce(NEW.provider_id, 'clearing'), 'currency', NEW.currency, 'amount',
        -iif(NEW.provider_id IS NULL, NEW.amount_minor, NEW.captured_minor - OLD.captured_minor)),
      json_object('account', 'receivable', 'currency', NEW.currency, 'amount',
        iif(NEW.provider_id IS NULL, NEW.amount_minor, NEW.captured_minor - OLD.captured_minor))),
    1000 * unixepoch()
  FROM orders o WHERE o.organization_id = NEW.organization_id AND o.id = NEW.order_id;
END;

-- Of an order that is called off the customer is owed what was captured.
CREATE TRIGGER refund_posted AFTER UPDATE OF state ON refund
WHEN NEW.state = 'succeeded' AND OLD.state <> 'succeeded' AND EXISTS (SELECT 1 FROM ledger_transaction t
  WHERE t.organization_id = NEW.organization_id AND t.id = 'order_' || NEW.payment_id)
BEGIN
  INSERT INTO ledger_transaction (organization_id, id, store_id, kind, order_id, entries, created_at)
  SELECT NEW.organization_id, 'return_' || NEW.id, o.store_id, 'return', o.id, json_array(
      json_object('account', iif(o.state = 'cancelled', 'receivable', 'refunds'), 'currency', NEW.currency, 'amount',
        -NEW.amount_minor),
      json_object('account', coalesce(p.provider_id, 'clearing'), 'currency', NEW.currency, 'amount', NEW.amount_minor)),
    NEW.updated_at
  FROM orders o JOIN payment p ON p.organization_id = o.organization_id AND p.id = NEW.payment_id
  WHERE o.organization_id = NEW.organization_id AND o.id = NEW.order_id;
END;

-- It had arrived, and came back.
CREATE TRIGGER refund_failed_posted AFTER UPDATE OF state ON refund
WHEN NEW.state = 'failed' AND OLD.state = 'succeeded' AND EXISTS (SELECT 1 FROM ledger_transaction t
  WHERE t.organization_id = NEW.organization_id AND t.id = 'return_' || NEW.id)
BEGIN
  INSERT INTO ledger_transaction (organization_id, id, store_id, kind, order_id, entries, created_at)
  SELECT NEW.organization_id, 'unreturned_' || NEW.id, o.store_id, 'return', o.id, json_array(
      json_object('account', iif(o.state = 'cancelled', 'receivable', 'refunds'), 'currency', NEW.currency, 'amount',
        NEW.amount_minor),
      json_object('account', coalesce(p.provider_id, 'clearing'), 'currency', NEW.currency, 'amount', -NEW.amount_minor)),
    NEW.updated_at
  FROM orders o JOIN payment p ON p.organization_id = o.organization_id AND p.id = NEW.payment_id
  WHERE o.organization_id = NEW.organization_id AND o.id = NEW.order_id;
END;

CREATE TRIGGER order_cancel_posted AFTER UPDATE OF state ON orders
WHEN NEW.state = 'cancelled' AND OLD.state <> 'cancelled'
BEGIN
  INSERT INTO ledger_transaction (organization_id, id, store_id, kind, order_id, entries, created_at)
  SELECT NEW.organization_id, 'cancel_' || p.id, NEW.store_id, 'cancel', NEW.id,
    (SELECT json_group_array(json_object('account', e.account, 'currency', p.currency, 'amount', e.amount))
      FROM (SELECT 'sales' AS account, -p.amount_minor AS amount UNION ALL
        SELECT 'receivable', p.amount_minor - p.refunded_minor UNION ALL SELECT 'refunds', p.refunded_minor) e
      WHERE e.amount <> 0), 1000 * unixepoch()
  FROM payment p
  WHERE p.organization_id = NEW.organization_id AND p.order_id = NEW.id AND EXISTS (SELECT 1 FROM ledger_transaction t
    WHERE t.organization_id = NEW.organization_id AND t.id = 'order_' || p.id);
END;
