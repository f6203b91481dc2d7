//! The tables `tax_exemption` and `tax_exemption_standing`.

use headlesspro_shared::kernel::id::{AccountId, TaxExemptionId, TaxZoneId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::tax::Exemption;
use serde::{Deserialize, Serialize};

use super::http::UsedExemption;
use crate::app::{App, Tenant};
use crate::extract::{stored, stored_in};
use crate::failure::Unavailable;
use crate::identity;
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::tax::text_of;
use crate::vault::{DataKey, Place};

const LIST: &str = "-- tax::exemptions
SELECT e.id, e.account_id, e.personal_sealed, e.zones, e.valid_from, e.valid_until, e.version, e.created_at, e.updated_at,
  k.wrapped, k.master_key_id
FROM tax_exemption e JOIN organization_key k ON k.organization_id = e.organization_id
WHERE e.organization_id = ?1 AND e.store_id = ?2 AND ?3 < e.id
ORDER BY e.id LIMIT ?4";

const LIST_OF: &str = "-- tax::exemptions_of_account
SELECT e.id, e.account_id, e.personal_sealed, e.zones, e.valid_from, e.valid_until, e.version, e.created_at, e.updated_at,
  k.wrapped, k.master_key_id
FROM tax_exemption e JOIN organization_key k ON k.organization_id = e.organization_id
WHERE e.organization_id = ?1 AND e.store_id = ?2 AND ?3 < e.id AND e.account_id = ?5
ORDER BY e.id LIMIT ?4";

const FIND: &str = "-- tax::exemption
SELECT e.id, e.account_id, e.personal_sealed, e.zones, e.valid_from, e.valid_until, e.version, e.created_at, e.updated_at,
  k.wrapped, k.master_key_id
FROM tax_exemption e JOIN organization_key k ON k.organization_id = e.organization_id
WHERE e.organization_id = ?1 AND e.store_id = ?2 AND e.id = ?3";

/// The fields of a certificate that name what is not there: the customer, where one is given, and zones.
const UNKNOWN: &str = "-- tax::unknown_of_exemption
SELECT 'accountId' AS field WHERE ?3 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM account a
  WHERE a.id = ?3 AND a.organization_id = ?1)
UNION ALL
SELECT 'zones/' || w.key AS field FROM json_each(?4) w WHERE NOT EXISTS (SELECT 1 FROM tax_zone z
  WHERE z.organization_id = ?1 AND z.store_id = ?2 AND z.id = w.value)";

const INSERT: &str = "-- tax::insert_exemption
INSERT INTO tax_exemption (organization_id, store_id, id, account_id, personal_sealed, zones, valid_from, valid_until,
  created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)";

const REPLACE: &str = "-- tax::replace_exemption
UPDATE tax_exemption SET personal_sealed = ?5, zones = ?6, valid_from = ?7, valid_until = ?8, updated_at = ?9,
  version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- tax::delete_exemption
DELETE FROM tax_exemption WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// All of a customer's, and at which version they are; one row without a certificate where all are gone.
const HELD: &str = "-- tax::exemptions_held
SELECT s.version AS standing, e.id, e.personal_sealed, e.zones, e.valid_from, e.valid_until
FROM tax_exemption_standing s LEFT JOIN tax_exemption e
  ON e.organization_id = s.organization_id AND e.store_id = s.store_id AND e.account_id = s.account_id
WHERE s.organization_id = ?1 AND s.store_id = ?2 AND s.account_id = ?3
ORDER BY e.id";

/// Refuses the commit when the customer's certificates are at another version.
const GUARD: &str = "-- tax::guard_exemptions
INSERT INTO violation (what) SELECT 'the certificates of the buyer have changed'
WHERE coalesce((SELECT s.version FROM tax_exemption_standing s
  WHERE s.organization_id = ?1 AND s.store_id = ?2 AND s.account_id = ?3), 0) <> ?4";

/// What of a certificate may be a person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Personal {
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub id: TaxExemptionId,
    pub account: AccountId,
    pub personal: Personal,
    /// Where it holds; none: everywhere.
    pub zones: Vec<TaxZoneId>,
    pub from: Option<Timestamp>,
    /// The first instant that it holds no more.
    pub until: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The certificates of whoever buys, as totals are made from them.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// What the engine is asked with: each goes by its id.
    pub exemptions: Vec<Exemption>,
    /// By id.
    sealed: Vec<(String, String)>,
    /// For [`guard`]: 0 where there has never been one.
    pub version: i64,
}

/// The statement whose rows [`certificates_of`] takes: those after the id `after`, of one customer or of all.
pub fn list(tenant: Tenant, after: &str, limit: i64, account: Option<AccountId>) -> Statement {
    match account {
        None => tenant.statement(LIST).bind(after).bind(limit),
        Some(account) => tenant.statement(LIST_OF).bind(after).bind(limit).bind(account.to_string()),
    }
}

/// The statement whose rows [`certificates_of`] takes: the one with this id, if it is there.
pub fn find(tenant: Tenant, id: TaxExemptionId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// Certificates, and the organization's data key where there are any.
///
/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn certificates_of(
    app: &App,
    tenant: Tenant,
    rows: &Rows,
) -> Result<(Vec<Certificate>, Option<DataKey>), Unavailable> {
    let Some(first) = rows.first() else { return Ok((Vec::new(), None)) };
    let key = identity::data_key(app, tenant, &identity::wrapped_key(first)?)?;
    let of = |row: Row<'_>| {
        let id: TaxExemptionId = row.parse("id")?;
        Ok::<_, Unavailable>(Certificate {
            id,
            account: row.parse("account_id")?,
            personal: open(tenant, &key, &id.to_string(), row.get("personal_sealed")?)?,
            zones: stored_in(row, "zones")?,
            from: moment(row, "valid_from")?,
            until: moment(row, "valid_until")?,
            version: row.get("version")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    let found = rows.iter().map(of).collect::<Result<_, _>>()?;
    Ok((found, Some(key)))
}

/// The statement whose rows [`unknown_of`] takes.
pub fn unknown(tenant: Tenant, account: Option<AccountId>, zones: &[TaxZoneId]) -> Statement {
    tenant.statement(UNKNOWN).bind(account.map(|account| account.to_string())).bind(text_of(&zones))
}

/// The fields that name what is not there.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn unknown_of(rows: Option<&Rows>) -> Result<Vec<String>, SqlError> {
    rows.into_iter().flat_map(Rows::iter).map(|row| Ok(row.get::<&str>("field")?.to_owned())).collect()
}

/// Adds a certificate; `sealed` is of its personal part.
pub fn insert(tenant: Tenant, new: &Certificate, sealed: &str) -> Statement {
    let statement = tenant.statement(INSERT).bind(new.id.to_string()).bind(new.account.to_string()).bind(sealed);
    holding(statement, new).bind(new.created_at.millis())
}

/// Replaces one that is at `version`: to be followed by a guard. `sealed` is of its personal part.
pub fn replace(tenant: Tenant, new: &Certificate, version: i64, sealed: &str, now: Timestamp) -> Statement {
    let statement = tenant.statement(REPLACE).bind(new.id.to_string()).bind(version).bind(sealed);
    holding(statement, new).bind(now.millis())
}

fn holding(statement: Statement, new: &Certificate) -> Statement {
    let statement = statement.bind(text_of(&new.zones)).bind(new.from.map(Timestamp::millis));
    statement.bind(new.until.map(Timestamp::millis))
}

/// Deletes one that is at `version`: to be followed by a guard.
pub fn delete(tenant: Tenant, id: TaxExemptionId, version: i64) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version)
}

/// The statement, for a batch of reads, whose rows [`held_of`] takes.
pub fn held(tenant: Tenant, account: AccountId) -> Statement {
    tenant.statement(HELD).bind(account.to_string())
}

/// None without rows: a guest has no certificates.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn held_of(rows: Option<&Rows>) -> Result<Held, SqlError> {
    let mut held = Held::default();
    for row in rows.into_iter().flat_map(Rows::iter) {
        held.version = row.get("standing")?;
        let Some(number) = row.get::<Option<&str>>("id")?.map(str::to_owned) else { continue };
        held.sealed.push((number.clone(), row.get::<&str>("personal_sealed")?.to_owned()));
        let (from, until) = (moment(row, "valid_from")?, moment(row, "valid_until")?);
        held.exemptions.push(Exemption::Certificate { number, zones: stored_in(row, "zones")?, from, until });
    }
    Ok(held)
}

impl Held {
    /// The certificate with this id, with its number.
    ///
    /// # Errors
    /// [`Unavailable`] when it is not there, or does not open.
    pub fn used(&self, tenant: Tenant, key: &DataKey, id: &str) -> Result<UsedExemption, Unavailable> {
        let sealed = self.sealed.iter().find(|(own, _)| own == id);
        let (_, sealed) = sealed.ok_or_else(|| Unavailable::corrupt("a certificate was not read"))?;
        Ok(UsedExemption { id: id.to_owned(), number: open(tenant, key, id, sealed)?.number })
    }
}

/// Refuses the commit when the certificates of `account` are not at `version` any more. Nobody's are at 0.
pub fn guard(tenant: Tenant, account: Option<AccountId>, version: i64) -> Statement {
    tenant.statement(GUARD).bind(account.map(|account| account.to_string())).bind(version)
}

/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn seal(app: &App, tenant: Tenant, key: &DataKey, new: &Certificate) -> Result<String, NoEntropy> {
    key.seal(place(tenant, &new.id.to_string()), text_of(&new.personal).as_bytes(), &*app.entropy)
}

fn open(tenant: Tenant, key: &DataKey, id: &str, sealed: &str) -> Result<Personal, Unavailable> {
    let opened = key.open_text(place(tenant, id), sealed).ok().and_then(|text| stored(&text).ok());
    opened.ok_or_else(|| Unavailable::corrupt("a certificate's number"))
}

fn place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "tax_exemption", column: "personal", row }
}

fn moment(row: Row<'_>, column: &str) -> Result<Option<Timestamp>, SqlError> {
    Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
}
