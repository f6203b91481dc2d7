-- Exports read all products of a store, whatever their status, in the order of their ids: one that is changed
-- meanwhile keeps its place, and new ones come last.
CREATE INDEX product_exported ON product (store_id, organization_id, id);
