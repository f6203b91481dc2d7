-- Sessions that are long over are forgotten, a few with each one that begins.
CREATE INDEX session_over ON session (organization_id, expires_at);
