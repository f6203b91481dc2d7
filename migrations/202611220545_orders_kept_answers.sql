-- A first answer that is kept sealed may hold what is shown once, such as an API key: it is repeated for a day. Those of
-- orders are empty and stay: an order is placed once.
CREATE INDEX idempotency_record_kept ON idempotency_record (store_id, created_at) WHERE body <> '';

CREATE TRIGGER idempotency_record_forgotten AFTER INSERT ON idempotency_record BEGIN
  DELETE FROM idempotency_record
  WHERE organization_id = NEW.organization_id AND store_id = NEW.store_id
    AND created_at < NEW.created_at - 86400000 AND body <> '';
END;
