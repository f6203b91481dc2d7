-- What a CDN is to be told is found and taken by organization, each one's in its order: however much has come together
-- while the CDN was away, one of them is a step from the next.
DROP INDEX cache_purge_due;

CREATE INDEX cache_purge_of_organization ON cache_purge (organization_id, next_attempt_at);
