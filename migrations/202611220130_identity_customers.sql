-- The staff lists customers, the newest first: ids are sorted by the moment of their making.

CREATE INDEX account_customers ON account (organization_id, id) WHERE role = 'customer';
