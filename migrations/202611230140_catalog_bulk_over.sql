-- The job that looks after all stores finds the oldest bulk upserts that are over: those that were made a month ago, and
-- dry runs that have ended and may have rows in `bulk_claim`.
CREATE INDEX bulk_job_made ON bulk_job (created_at, organization_id, store_id);
CREATE INDEX bulk_job_ended ON bulk_job (updated_at, organization_id, store_id) WHERE has_claims = 1 AND state <> 'open';
