//! Third-party apps.

use headlesspro_shared::identity::{Permissions, Scopes};
use headlesspro_shared::kernel::id::AppId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::identity::newest::Newest;
use crate::identity::{KeyHash, Principal};
use crate::port::sql::{Row, Rows, SqlError, Statement};

const VERIFY: &str = "-- identity::verify_app
SELECT a.id, a.scopes, s.currency, s.storefront_url, coalesce(s.locale, o.locale) AS locale,
  coalesce(s.locales, o.locales) AS locales, o.status AS organization_status
FROM app a
JOIN store s ON s.id = a.store_id AND s.organization_id = a.organization_id AND s.status = 'active'
JOIN organization o ON o.id = a.organization_id
WHERE a.organization_id = ?1 AND a.store_id = ?2 AND a.id = ?3 AND a.revoked_at IS NULL
  AND (a.secret_hash = ?4 OR (a.previous_hash = ?4 AND ?5 < a.previous_until))";

const INSERT: &str = "-- identity::insert_app
INSERT INTO app (organization_id, store_id, id, name, scopes, secret_hash, hint, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const LIST: &str = "-- identity::apps
SELECT id, name, scopes, hint, created_at, rotated_at, rotations, revoked_at FROM app
WHERE organization_id = ?1 AND store_id = ?2 AND (created_at, id) < (?3, ?4)
ORDER BY created_at DESC, id DESC LIMIT ?5";

const FIND: &str = "-- identity::app
SELECT id, name, scopes, hint, created_at, rotated_at, rotations, revoked_at FROM app
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3";

/// Of two rotations at once the second finds one rotation more and changes nothing.
const ROTATE: &str = "-- identity::rotate_app
UPDATE app SET previous_hash = secret_hash, previous_until = ?7, secret_hash = ?4, hint = ?5, rotated_at = ?6,
  rotations = rotations + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND revoked_at IS NULL
  AND rotations = ?8";

const REVOKE: &str = "-- identity::revoke_app
UPDATE app SET revoked_at = ?4 WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND revoked_at IS NULL";

/// An app as staff see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThirdPartyApp {
    pub id: AppId,
    pub name: String,
    pub scopes: Scopes,
    /// The last four characters of its secret.
    pub hint: String,
    pub created_at: Timestamp,
    pub rotated_at: Option<Timestamp>,
    /// How often its secret was replaced.
    pub rotations: i64,
    pub revoked_at: Option<Timestamp>,
}

pub fn verify(tenant: Tenant, id: AppId, secret: &KeyHash, now: Timestamp) -> Statement {
    tenant.statement(VERIFY).bind(id.to_string()).bind(secret.to_hex()).bind(now.millis())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn principal(row: Row<'_>) -> Result<Principal, SqlError> {
    Ok(Principal {
        actor: row.get::<&str>("id")?.to_owned(),
        permissions: Permissions::new(row.parse("scopes")?, &[]),
        currency: row.parse("currency")?,
        storefront: super::tenant::storefront(row)?,
        locales: super::tenant::locales(row)?,
        channel: None,
        person: None,
        impersonator: None,
        issued_at: None,
    })
}

pub fn insert(tenant: Tenant, app: &ThirdPartyApp, secret: &KeyHash) -> Statement {
    tenant
        .statement(INSERT)
        .bind(app.id.to_string())
        .bind(app.name.as_str())
        .bind(app.scopes.to_string())
        .bind(secret.to_hex())
        .bind(app.hint.as_str())
        .bind(app.created_at.millis())
}

/// The statement whose rows [`apps_of`] takes: a page of the store's.
pub fn list(tenant: Tenant, wanted: &Newest) -> Statement {
    wanted.bind(tenant.statement(LIST))
}

/// The statement whose rows [`apps_of`] takes: the one app, if it is there.
pub fn find(tenant: Tenant, id: AppId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn apps_of(rows: &Rows) -> Result<Vec<ThirdPartyApp>, Unavailable> {
    let moment = |row: Row<'_>, column| Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis));
    let app = |row: Row<'_>| -> Result<ThirdPartyApp, SqlError> {
        Ok(ThirdPartyApp {
            id: row.parse("id")?,
            name: row.get::<&str>("name")?.to_owned(),
            scopes: row.parse("scopes")?,
            hint: row.get::<&str>("hint")?.to_owned(),
            created_at: Timestamp::from_millis(row.get("created_at")?),
            rotated_at: moment(row, "rotated_at")?,
            rotations: row.get("rotations")?,
            revoked_at: moment(row, "revoked_at")?,
        })
    };
    Ok(rows.iter().map(app).collect::<Result<_, _>>()?)
}

/// Gives the app `new`'s secret, and lets the one it has now be good until `good_until`. Changes nothing when the app
/// is revoked, or its secret is no longer the one of `old`.
pub fn rotate(
    tenant: Tenant,
    (old, new): (&ThirdPartyApp, &ThirdPartyApp),
    secret: &KeyHash,
    good_until: Timestamp,
) -> Statement {
    tenant
        .statement(ROTATE)
        .bind(old.id.to_string())
        .bind(secret.to_hex())
        .bind(new.hint.as_str())
        .bind(new.rotated_at.map(Timestamp::millis))
        .bind(good_until.millis())
        .bind(old.rotations)
}

pub fn revoke(tenant: Tenant, id: AppId, now: Timestamp) -> Statement {
    tenant.statement(REVOKE).bind(id.to_string()).bind(now.millis())
}
