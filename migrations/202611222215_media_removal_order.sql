-- What an organization has to take away is taken in its order, a few at a time.
CREATE INDEX media_removal_of_organization ON media_removal (organization_id, next_attempt_at);
