//! The table `gift_card`.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::GiftCardId;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- ledger::cards
SELECT g.id, g.last_four, g.state, g.currency, g.issued_minor, g.expires_at, g.note, g.version, g.created_at, g.updated_at,
  a.balance_minor
FROM gift_card g
JOIN ledger_account a ON a.organization_id = g.organization_id AND a.id = g.id AND a.currency = g.currency
WHERE g.organization_id = ?1 AND g.store_id = ?2 AND g.id < ?3
ORDER BY g.id DESC LIMIT ?4";

const LIST_IN_STATE: &str = "-- ledger::cards_in_state
SELECT g.id, g.last_four, g.state, g.currency, g.issued_minor, g.expires_at, g.note, g.version, g.created_at, g.updated_at,
  a.balance_minor
FROM gift_card g
JOIN ledger_account a ON a.organization_id = g.organization_id AND a.id = g.id AND a.currency = g.currency
WHERE g.organization_id = ?1 AND g.store_id = ?2 AND g.state = ?5 AND g.id < ?3
ORDER BY g.id DESC LIMIT ?4";

const LIST_LAST_FOUR: &str = "-- ledger::cards_with_last_four
SELECT g.id, g.last_four, g.state, g.currency, g.issued_minor, g.expires_at, g.note, g.version, g.created_at, g.updated_at,
  a.balance_minor
FROM gift_card g
JOIN ledger_account a ON a.organization_id = g.organization_id AND a.id = g.id AND a.currency = g.currency
WHERE g.organization_id = ?1 AND g.store_id = ?2 AND g.last_four = ?5 AND g.id < ?3
  AND (?6 IS NULL OR g.state = ?6)
ORDER BY g.id DESC LIMIT ?4";

const FIND: &str = "-- ledger::card
SELECT g.id, g.last_four, g.state, g.currency, g.issued_minor, g.expires_at, g.note, g.version, g.created_at, g.updated_at,
  a.balance_minor
FROM gift_card g
JOIN ledger_account a ON a.organization_id = g.organization_id AND a.id = g.id AND a.currency = g.currency
WHERE g.organization_id = ?1 AND g.store_id = ?2 AND g.id = ?3";

/// Of those that can be used alone; by the codes, and not all that the store has.
const BY_CODE: &str = "-- ledger::cards_by_code
SELECT g.code_hash, g.id, g.currency, g.expires_at, a.balance_minor FROM json_each(?3) h
CROSS JOIN gift_card g ON g.organization_id = ?1 AND g.store_id = ?2 AND g.code_hash = h.value
JOIN ledger_account a ON a.organization_id = g.organization_id AND a.id = g.id AND a.currency = g.currency
WHERE g.state = 'active' AND (g.expires_at IS NULL OR ?4 < g.expires_at)";

const INSERT: &str = "-- ledger::insert_card
INSERT INTO gift_card (organization_id, store_id, id, code_hash, last_four, currency, issued_minor, state, expires_at, note,
  created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active', ?8, ?9, ?10, ?10)";

const SET_STATE: &str = "-- ledger::set_card_state
UPDATE gift_card SET state = ?5, version = version + 1, updated_at = ?6
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// Behind every id.
const NEWEST: &str = "~";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub id: GiftCardId,
    /// Of its code.
    pub last_four: String,
    pub is_active: bool,
    /// When it was issued.
    pub issued: Money,
    pub balance: Money,
    /// From then on it pays for nothing.
    pub expires_at: Option<Timestamp>,
    pub note: Option<String>,
    /// Of all but the balance.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Which cards are asked for.
pub struct Filter {
    pub is_active: Option<bool>,
    pub last_four: Option<String>,
    /// Those behind this id; empty for the first page.
    pub behind: String,
    pub limit: i64,
}

/// A card that can be used.
pub struct Usable {
    pub id: GiftCardId,
    pub balance: Money,
    pub expires_at: Option<Timestamp>,
}

pub const fn state_name(is_active: bool) -> &'static str {
    if is_active { "active" } else { "disabled" }
}

/// The statement whose rows [`cards_of`] takes: the newest first, one more than the page has.
pub fn list(tenant: Tenant, filter: &Filter) -> Statement {
    let behind = if filter.behind.is_empty() { NEWEST } else { &filter.behind };
    let of = |sql| tenant.statement(sql).bind(behind).bind(filter.limit.saturating_add(1));
    let state = filter.is_active.map(state_name);
    match (&filter.last_four, state) {
        (Some(last_four), state) => of(LIST_LAST_FOUR).bind(last_four.as_str()).bind(state),
        (None, Some(state)) => of(LIST_IN_STATE).bind(state),
        (None, None) => of(LIST),
    }
}

/// The statement whose rows [`cards_of`] takes: the one, if it is there.
pub fn find(tenant: Tenant, id: GiftCardId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn cards_of(rows: &Rows) -> Result<Vec<Card>, SqlError> {
    let of = |row: Row<'_>| {
        let currency: Currency = row.parse("currency")?;
        Ok(Card {
            id: row.parse("id")?,
            last_four: row.get::<&str>("last_four")?.to_owned(),
            is_active: row.get::<&str>("state")? == state_name(true),
            issued: Money::new(row.get("issued_minor")?, currency),
            balance: Money::new(row.get("balance_minor")?, currency),
            expires_at: moment(row)?,
            note: row.get::<Option<&str>>("note")?.map(str::to_owned),
            version: row.get("version")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`usable_of`] takes: by the keyed hashes of their codes, those that can be used at `now`.
pub fn by_code(tenant: Tenant, hashes: &[String], now: Timestamp) -> Statement {
    tenant.statement(BY_CODE).bind(json!(hashes).to_string()).bind(now.millis())
}

/// By the hash of the code.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn usable_of(rows: &Rows) -> Result<BTreeMap<String, Usable>, SqlError> {
    let of = |row: Row<'_>| {
        let balance = Money::new(row.get("balance_minor")?, row.parse("currency")?);
        let usable = Usable { id: row.parse("id")?, balance, expires_at: moment(row)? };
        Ok((row.get::<&str>("code_hash")?.to_owned(), usable))
    };
    rows.iter().map(of).collect()
}

fn moment(row: Row<'_>) -> Result<Option<Timestamp>, SqlError> {
    Ok(row.get::<Option<i64>>("expires_at")?.map(Timestamp::from_millis))
}

/// To be pushed behind what opens its account.
pub fn insert(tenant: Tenant, card: &Card, code_hash: &str) -> Statement {
    tenant
        .statement(INSERT)
        .bind(card.id.to_string())
        .bind(code_hash)
        .bind(card.last_four.as_str())
        .bind(card.issued.currency().code())
        .bind(card.issued.minor())
        .bind(card.expires_at.map(Timestamp::millis))
        .bind(card.note.as_deref())
        .bind(card.created_at.millis())
}

/// Changes one that is at `version`: to be followed by a guard.
pub fn set_state(tenant: Tenant, id: GiftCardId, version: i64, is_active: bool, now: Timestamp) -> Statement {
    tenant.statement(SET_STATE).bind(id.to_string()).bind(version).bind(state_name(is_active)).bind(now.millis())
}
