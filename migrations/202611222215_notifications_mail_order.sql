-- An organization's mails that are due, in their order, a few at a time.
CREATE INDEX mail_due_of_organization ON mail (organization_id, next_attempt_at) WHERE state = 'queued';
