//! Identities as the owners of the accounts see them that they are linked to.

use headlesspro_shared::kernel::id::{AccountId, ExternalIdentityId, IdentityProviderId};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::identity::newest::Newest;
use crate::port::sql::{Row, Rows, Statement};

const OF_ACCOUNT: &str = "-- identity::identities
SELECT x.id, x.issuer, x.subject, x.email_sealed, x.linked_at, x.last_used_at, p.id AS provider_id, p.kind, p.name
FROM external_identity x
LEFT JOIN identity_provider p ON p.organization_id = x.organization_id AND p.issuer = x.issuer
  AND p.removed_at IS NULL
WHERE x.organization_id = ?1 AND x.account_id = ?2 AND (x.linked_at, x.id) < (?3, ?4)
ORDER BY x.linked_at DESC, x.id DESC LIMIT ?5";

const FIND: &str = "-- identity::identity
SELECT x.id, x.issuer, x.subject, x.email_sealed, x.linked_at, x.last_used_at, p.id AS provider_id, p.kind, p.name
FROM external_identity x
LEFT JOIN identity_provider p ON p.organization_id = x.organization_id AND p.issuer = x.issuer
  AND p.removed_at IS NULL
WHERE x.organization_id = ?1 AND x.id = ?2 AND x.account_id = ?3";

/// Unless nothing else would open the account: no password, no passkey, no other identity whose provider is there.
const UNLINK: &str = "-- identity::unlink_identity
DELETE FROM external_identity WHERE organization_id = ?1 AND id = ?2 AND account_id = ?3 AND (
  EXISTS (SELECT 1 FROM account a WHERE a.organization_id = ?1 AND a.id = ?3 AND a.password_hash IS NOT NULL)
  OR EXISTS (SELECT 1 FROM passkey k WHERE k.organization_id = ?1 AND k.account_id = ?3)
  OR EXISTS (SELECT 1 FROM external_identity o
    JOIN identity_provider p ON p.organization_id = o.organization_id AND p.issuer = o.issuer AND p.removed_at IS NULL
    WHERE o.organization_id = ?1 AND o.account_id = ?3 AND o.id <> ?2))";

/// A linked identity, its address still sealed.
pub struct IdentityRow {
    pub id: ExternalIdentityId,
    pub issuer: String,
    pub subject: String,
    pub email_sealed: Option<String>,
    pub linked_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// `None`: it was removed, and nobody comes by it.
    pub provider: Option<IdentityProvider>,
}

/// The provider that an identity is from.
pub struct IdentityProvider {
    pub id: IdentityProviderId,
    pub kind: String,
    pub name: String,
}

/// The statement whose rows [`identities_of`] takes: a page of the account's, the newest first.
pub fn of_account(tenant: Tenant, account: AccountId, wanted: &Newest) -> Statement {
    wanted.bind(Statement::new(OF_ACCOUNT).bind(tenant.organization.to_string()).bind(account.to_string()))
}

/// The statement whose rows [`identities_of`] takes: the one, if it is the account's.
pub fn find(tenant: Tenant, id: ExternalIdentityId, account: AccountId) -> Statement {
    of_one(FIND, tenant, id, account)
}

/// Unlinks an identity; changes nothing where nothing else would open the account.
pub fn unlink(tenant: Tenant, id: ExternalIdentityId, account: AccountId) -> Statement {
    of_one(UNLINK, tenant, id, account)
}

fn of_one(sql: &'static str, tenant: Tenant, id: ExternalIdentityId, account: AccountId) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string()).bind(id.to_string()).bind(account.to_string())
}

/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn identities_of(rows: &Rows) -> Result<Vec<IdentityRow>, Unavailable> {
    rows.iter().map(identity_of).collect()
}

fn identity_of(row: Row<'_>) -> Result<IdentityRow, Unavailable> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    let provider = match row.get::<Option<&str>>("provider_id")? {
        None => None,
        Some(_) => Some(IdentityProvider { id: row.parse("provider_id")?, kind: text("kind")?, name: text("name")? }),
    };
    Ok(IdentityRow {
        id: row.parse("id")?,
        issuer: text("issuer")?,
        subject: text("subject")?,
        email_sealed: row.get::<Option<&str>>("email_sealed")?.map(str::to_owned),
        linked_at: Timestamp::from_millis(row.get("linked_at")?),
        last_used_at: row.get::<Option<i64>>("last_used_at")?.map(Timestamp::from_millis),
        provider,
    })
}
