-- An account that goes takes its challenges and logins under way with it: found by it, not by reading all of them.
CREATE INDEX passkey_challenge_account ON passkey_challenge (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX provider_login_account ON provider_login (account_id) WHERE account_id IS NOT NULL;

-- The operator makes members without an invitation. A plan's limit holds for them too.
CREATE TRIGGER new_member_within_plan BEFORE INSERT ON account
WHEN NEW.role <> 'customer'
  AND (SELECT count(*) FROM account a WHERE a.organization_id = NEW.organization_id AND a.role <> 'customer')
    >= (SELECT o.most_members FROM organization o WHERE o.id = NEW.organization_id)
BEGIN
  SELECT RAISE(ABORT, 'PLAN_LIMIT');
END;

-- Who is suspended while logging in has no session either, which would come alive with the account.
CREATE TRIGGER session_of_active_account BEFORE INSERT ON session
WHEN (SELECT a.state FROM account a WHERE a.organization_id = NEW.organization_id AND a.id = NEW.account_id) <> 'active'
BEGIN
  SELECT RAISE(ABORT, 'ACCOUNT_SUSPENDED');
END;
