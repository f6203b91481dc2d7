-- A transaction is added up from what it brings. Added up from the entries, it read all that the organization ever had: of
-- two indexes that begin with the organization, the engine takes the primary key.

DROP TRIGGER ledger_transaction_posted;

CREATE TRIGGER ledger_transaction_posted AFTER INSERT ON ledger_transaction BEGIN
  -- Of an account that nobody has opened all is NULL, which no entry is.
  INSERT INTO ledger_entry (organization_id, account_id, currency, number, transaction_id, amount_minor, balance_minor)
  SELECT NEW.organization_id, a.id, a.currency, a.entry_count + 1, NEW.id, e.value ->> 'amount',
    a.balance_minor + (e.value ->> 'amount')
  FROM json_each(NEW.entries) e
  LEFT JOIN ledger_account a ON a.organization_id = NEW.organization_id AND a.id = e.value ->> 'account'
    AND a.currency = e.value ->> 'currency';

  SELECT RAISE(ABORT, 'LEDGER_UNBALANCED')
  WHERE json_array_length(NEW.entries) = 0 OR EXISTS (SELECT 1 FROM json_each(NEW.entries) e
    GROUP BY e.value ->> 'currency' HAVING sum(e.value ->> 'amount') <> 0);

  UPDATE ledger_transaction SET entries = NULL WHERE organization_id = NEW.organization_id AND id = NEW.id;
END;
