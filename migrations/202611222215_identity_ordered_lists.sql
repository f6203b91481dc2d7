-- The lists of providers, and of the identities that an account is linked to, end at their page.
CREATE INDEX identity_provider_newest ON identity_provider (organization_id, created_at, id) WHERE removed_at IS NULL;
CREATE INDEX external_identity_newest ON external_identity (organization_id, account_id, linked_at, id);
