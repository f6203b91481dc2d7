-- Exports read all products of a store, whatever their status, in the order of their ids: one that is changed
-- meanwhile keeps its place, and new ones come last. Every product has such a version; who does not ask for it goes by
-- the indexes of lists, as the planner has no statistics and would take this one for the better.
CREATE INDEX product_exported ON product (store_id, organization_id, id) WHERE version > 0;
