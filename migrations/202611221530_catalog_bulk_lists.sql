-- The list of bulk upserts, the newest first: an id begins with the moment at which it was made.
CREATE INDEX bulk_job_list ON bulk_job (store_id, id);
CREATE INDEX bulk_job_list_of_state ON bulk_job (store_id, state, id);
