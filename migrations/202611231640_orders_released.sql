-- What an order that is called off gives back.

-- Units whose stock was given back.
ALTER TABLE order_line ADD COLUMN released INTEGER NOT NULL DEFAULT 0 CHECK (released BETWEEN 0 AND quantity);

-- An order that is called off has had no promotion. While its row is there a promotion stays; then it may go as well.
CREATE TRIGGER promotion_given_back AFTER DELETE ON promotion_redemption BEGIN
  UPDATE promotion SET used = used - 1, remaining = remaining + 1
  WHERE organization_id = OLD.organization_id AND id = OLD.promotion_id;

  UPDATE promotion_code SET used = used - 1, remaining = remaining + 1
  WHERE organization_id = OLD.organization_id AND id = OLD.code_id;

  -- As it was counted: by the account, and by the address of the order.
  DELETE FROM promotion_customer
  WHERE organization_id = OLD.organization_id AND promotion_id = OLD.promotion_id AND used = 1
    AND customer IN (SELECT coalesce(OLD.customer, '') UNION SELECT o.email_hash FROM orders o
      WHERE o.organization_id = OLD.organization_id AND o.id = OLD.order_id AND OLD.customer IS NOT NULL);

  UPDATE promotion_customer SET used = used - 1, remaining = remaining + 1
  WHERE organization_id = OLD.organization_id AND promotion_id = OLD.promotion_id
    AND customer IN (SELECT coalesce(OLD.customer, '') UNION SELECT o.email_hash FROM orders o
      WHERE o.organization_id = OLD.organization_id AND o.id = OLD.order_id AND OLD.customer IS NOT NULL);
END;
