//! The tables `audit_log` and `audit_head`.

use headlesspro_shared::journal::{Head, Link};
use headlesspro_shared::kernel::id::{AuditId, OrganizationId};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::Value as Json;

use crate::app::{Ctx, Tenant};
use crate::journal::Change;
use crate::journal::chain::{self, Fields};
use crate::port::sql::{Row, Rows, SqlError, Statement, Value};

/// `?12` is the row's content, as eight words in JSON; a trigger makes it the hash and moves the head.
const AUDIT: &str = "-- journal::audit
INSERT INTO audit_log (organization_id, store_id, id, actor, action, subject, state_before, state_after, request_id,
  occurred_at, chain_seq, hash)
SELECT ?1, iif(?3, NULL, ?2), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
  coalesce((SELECT h.chain_seq FROM audit_head h WHERE h.organization_id = ?1), 0) + 1, ?12";

/// The store's rows and the organization's own, each in the order of an index.
const LIST: &str = "-- journal::list
SELECT * FROM (
  SELECT a.chain_seq, a.id, a.store_id, a.actor, a.action, a.subject, a.state_before, a.state_after, a.request_id,
    a.occurred_at, a.hash
  FROM audit_log a WHERE a.organization_id = ?1 AND a.store_id = ?2 AND a.chain_seq < ?3
  ORDER BY a.chain_seq DESC LIMIT ?4)
UNION ALL
SELECT * FROM (
  SELECT o.chain_seq, o.id, o.store_id, o.actor, o.action, o.subject, o.state_before, o.state_after, o.request_id,
    o.occurred_at, o.hash
  FROM audit_log o WHERE o.organization_id = ?1 AND o.store_id IS NULL AND o.chain_seq < ?3
  ORDER BY o.chain_seq DESC LIMIT ?4)
ORDER BY chain_seq DESC LIMIT ?4";

const LIST_OF_SUBJECT: &str = "-- journal::list_of_subject
SELECT chain_seq, id, store_id, actor, action, subject, state_before, state_after, request_id, occurred_at, hash
FROM audit_log
WHERE organization_id = ?1 AND coalesce(store_id, ?2) = ?2 AND chain_seq < ?3 AND subject = ?5
  AND (?6 IS NULL OR actor = ?6)
ORDER BY chain_seq DESC LIMIT ?4";

const LIST_OF_ACTOR: &str = "-- journal::list_of_actor
SELECT chain_seq, id, store_id, actor, action, subject, state_before, state_after, request_id, occurred_at, hash
FROM audit_log
WHERE organization_id = ?1 AND coalesce(store_id, ?2) = ?2 AND chain_seq < ?3 AND actor = ?5
ORDER BY chain_seq DESC LIMIT ?4";

const LINKS: &str = "-- journal::links
SELECT chain_seq, id, store_id, actor, action, subject, state_before, state_after, request_id, occurred_at, hash
FROM audit_log WHERE organization_id = ?1 AND chain_seq > ?2 ORDER BY chain_seq LIMIT ?3";

const HEAD: &str = "-- journal::head
SELECT chain_seq, ae, bf, cg, dh FROM audit_head WHERE organization_id = ?1";

/// Who did something, by which request, when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    pub actor: &'a str,
    pub request_id: &'a str,
    pub now: Timestamp,
}

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// 1, 2, 3 ... in the organization.
    pub number: i64,
    pub id: String,
    /// `None`: the change was the organization's.
    pub store: Option<String>,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub before: Option<Json>,
    pub after: Option<Json>,
    pub request_id: String,
    pub occurred_at: Timestamp,
    /// In hex.
    pub hash: String,
}

/// Which rows are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub subject: Option<String>,
    pub actor: Option<String>,
}

/// Says who did what to which thing, in the commit that does it; of an impersonation both names: `usr_... as usr_...`.
pub fn audit(ctx: &Ctx, id: AuditId, actor: &str, change: Change) -> Statement {
    let both = ctx.impersonator().map(|by| format!("{by} as {actor}"));
    let actor = both.as_deref().unwrap_or(actor);
    audit_by(ctx.tenant(), id, By { actor, request_id: &ctx.request_id, now: ctx.now }, change)
}

/// As [`audit`], where there is no request's context.
pub fn audit_by(tenant: Tenant, id: AuditId, by: By<'_>, change: Change) -> Statement {
    let (organization, store, id) = (tenant.organization.to_string(), tenant.store.to_string(), id.to_string());
    let before = change.before.map(|state| state.to_string());
    let after = change.after.map(|state| state.to_string());
    let content = chain::content(&Fields {
        organization: &organization,
        store: (!change.is_of_organization).then_some(&store),
        id: &id,
        actor: by.actor,
        action: change.action,
        subject: &change.subject,
        before: before.as_deref(),
        after: after.as_deref(),
        request_id: by.request_id,
        occurred_at: by.now.millis(),
    });
    tenant
        .statement(AUDIT)
        .bind(change.is_of_organization)
        .bind(id)
        .bind(by.actor)
        .bind(change.action)
        .bind(change.subject)
        .bind(before)
        .bind(after)
        .bind(by.request_id)
        .bind(by.now.millis())
        .bind(Json::from(chain::to_words(&content).to_vec()).to_string())
}

/// The statement whose rows [`entries_of`] takes: the newest `limit` rows with numbers below `below`.
pub fn list(tenant: Tenant, filter: &Filter, below: i64, limit: i64) -> Statement {
    let of = |sql| tenant.statement(sql).bind(below).bind(limit);
    match (&filter.subject, &filter.actor) {
        (None, None) => of(LIST),
        (Some(subject), actor) => of(LIST_OF_SUBJECT).bind(subject.as_str()).bind(actor.as_deref()),
        (None, Some(actor)) => of(LIST_OF_ACTOR).bind(actor.as_str()),
    }
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn entries_of(rows: &Rows) -> Result<Vec<Entry>, SqlError> {
    rows.iter().map(entry_of).collect()
}

fn entry_of(row: Row<'_>) -> Result<Entry, SqlError> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    Ok(Entry {
        number: row.get("chain_seq")?,
        id: text("id")?,
        store: row.get::<Option<&str>>("store_id")?.map(str::to_owned),
        actor: text("actor")?,
        action: text("action")?,
        subject: text("subject")?,
        before: state_of(row, "state_before")?,
        after: state_of(row, "state_after")?,
        request_id: text("request_id")?,
        occurred_at: Timestamp::from_millis(row.get("occurred_at")?),
        hash: text("hash")?,
    })
}

fn state_of(row: Row<'_>, column: &str) -> Result<Option<Json>, SqlError> {
    let text: Option<&str> = row.get(column)?;
    let parsed = text.map(serde_json::from_str).transpose();
    parsed.map_err(|_| SqlError::Statement(format!("column {column} is not JSON")))
}

/// The statement whose rows [`link_of`] takes: `limit` rows of the organization after the number `after`, in
/// their order.
pub fn links(organization: OrganizationId, after: i64, limit: i64) -> Statement {
    Statement::new(LINKS).bind(organization.to_string()).bind(after).bind(limit)
}

/// A row with its content computed anew. Whatever its columns hold is taken as it is: that it may be wrong
/// is the question.
///
/// # Errors
/// [`SqlError::Statement`] when a column is missing.
pub fn link_of(organization: OrganizationId, row: Row<'_>) -> Result<Link, SqlError> {
    let organization = organization.to_string();
    let content = chain::content(&Fields {
        organization: &organization,
        store: text_of(row, "store_id")?,
        id: text_of(row, "id")?.unwrap_or_default(),
        actor: text_of(row, "actor")?.unwrap_or_default(),
        action: text_of(row, "action")?.unwrap_or_default(),
        subject: text_of(row, "subject")?.unwrap_or_default(),
        before: text_of(row, "state_before")?,
        after: text_of(row, "state_after")?,
        request_id: text_of(row, "request_id")?.unwrap_or_default(),
        occurred_at: row.get("occurred_at")?,
    });
    Ok(Link {
        number: row.get("chain_seq")?,
        id: text_of(row, "id")?.unwrap_or_default().to_owned(),
        content,
        // What is no hash is no row's hash.
        hash: text_of(row, "hash")?.and_then(chain::from_hex).unwrap_or_default(),
    })
}

fn text_of<'a>(row: Row<'a>, column: &str) -> Result<Option<&'a str>, SqlError> {
    Ok(match row.get::<&Value>(column)? {
        Value::Text(text) => Some(text),
        Value::Null | Value::Integer(_) | Value::Real(_) | Value::Blob(_) => None,
    })
}

/// The statement whose rows [`head_of`] takes.
pub fn head(organization: OrganizationId) -> Statement {
    Statement::new(HEAD).bind(organization.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn head_of(rows: &Rows) -> Result<Option<Head>, SqlError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let [mut high, mut low] = [[0; 4]; 2];
    for ((high, low), pair) in high.iter_mut().zip(&mut low).zip(["ae", "bf", "cg", "dh"]) {
        let pair: i64 = row.get(pair)?;
        [*high, *low] = [pair >> 32, pair].map(|word| u32::try_from(word & i64::from(u32::MAX)).unwrap_or_default());
    }
    let ([a, b, c, d], [e, f, g, h]) = (high, low);
    Ok(Some(Head { number: row.get("chain_seq")?, hash: chain::to_bytes([a, b, c, d, e, f, g, h]) }))
}
