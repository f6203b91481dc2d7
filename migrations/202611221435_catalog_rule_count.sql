-- A collection that is given a rule counts as one that was made with it.
CREATE TRIGGER collection_rule_count_changed AFTER UPDATE OF kind ON collection
WHEN NEW.kind = 'rule' AND OLD.kind <> 'rule' AND (SELECT count(*) FROM collection c
  WHERE c.organization_id = NEW.organization_id AND c.store_id = NEW.store_id AND c.kind = 'rule') > 250
BEGIN
  SELECT RAISE(ABORT, 'COLLECTION_RULE_COUNT');
END;
