//! The operator removes a second factor whose owner has lost it, and the recovery codes too.

use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, EventKind, Id, Kind};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::Message;
use serde_json::{Value as Json, json};

use super::mailed::TOLD_MILLIS;
use super::store::second_factor::SecondFactorRow;
use super::store::{account, second_factor};
use super::usecase::{data_key, email_of, end_sessions, hash_email};
use crate::app::{App, Tenant};
use crate::failure::Unavailable;
use crate::journal::{self, By, Change};
use crate::notifications::{self, NewMail};
use crate::port::sql::{Commit, Committed, Rows, Statement};

/// Why nothing was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReset {
    #[error("nobody of the organization has this e-mail address")]
    NoAccount,
    #[error("the account has no second factor")]
    NoSecondFactor,
}

/// Removes an account's second factor with its recovery codes, ends its sessions and mails its owner, in one commit.
/// Access tokens that were issued before are void with the sessions, within 30 s.
///
/// # Errors
/// The outer: [`Unavailable`]. The inner: [`NotReset`].
pub async fn reset_second_factor(
    app: &App,
    tenant: Tenant,
    email: &Email,
) -> Result<Result<AccountId, NotReset>, Unavailable> {
    let sql = app.databases.of(tenant.organization);
    let rows = sql.read(vec![account::by_email(tenant, &hash_email(app, tenant, email))]).await?;
    let row = rows.first().and_then(Rows::first);
    let row = row.ok_or_else(|| Unavailable::Corrupt("there is no such store, or it has no data key".to_owned()))?;
    let (_, found) = account::login_of(row)?;
    let Some(found) = found else { return Ok(Err(NotReset::NoAccount)) };
    let rows = sql.read(vec![second_factor::of_account(tenant, found.id)]).await?;
    let factor = rows.first().and_then(Rows::first).map(second_factor::second_factor_of).transpose()?;
    let Some(factor) = factor.filter(|factor| factor.secret_sealed.is_some()) else {
        return Ok(Err(NotReset::NoSecondFactor));
    };
    let now = app.clock.now();
    let mut commit = Commit::new();
    commit.push(second_factor::forget_codes(tenant, factor.account));
    commit.push(second_factor::remove(tenant, factor.account));
    // Its owner may have removed it meanwhile.
    let guard = commit.push(super::store::api_key::guard_changed());
    commit.push(end_sessions(tenant, factor.account, "revoked", now));
    let change = Change::new("second-factor.reset", factor.account)
        .before(state(factor.is_confirmed))
        .after(state(false))
        .of_organization();
    let by = By { actor: "operator", request_id: "cli", now };
    commit.push(journal::audit_by(tenant, new_id(app, now)?, by, change));
    commit.push(told(app, tenant, &factor, now)?);
    match sql.commit(&commit).await? {
        Committed::Done { .. } => Ok(Ok(factor.account)),
        Committed::Refused { statement, .. } if statement == guard => Ok(Err(NotReset::NoSecondFactor)),
        Committed::Refused { refusal, .. } => Err(Unavailable::Corrupt(format!("a commit was refused: {refusal:?}"))),
    }
}

/// What the audit log keeps.
fn state(has_second_factor: bool) -> Json {
    json!({ "hasSecondFactor": has_second_factor })
}

/// The mail to the owner. It has no link: where the storefront is only the deployment knows.
fn told(app: &App, tenant: Tenant, factor: &SecondFactorRow, now: Timestamp) -> Result<Statement, Unavailable> {
    let key = data_key(app, tenant, &factor.key)?;
    let email = email_of(tenant, &key, factor.account, &factor.email_sealed)?;
    let message = Message::SecondFactorOff { at: now, link: None };
    let id: Id<EventKind> = new_id(app, now)?;
    let mail = NewMail {
        event_key: &format!("{}:{}:{id}", message.kind(), factor.account),
        to: &email,
        locale: &factor.locale,
        message: &message,
        expires_at: now.checked_add_millis(TOLD_MILLIS).unwrap_or(now),
    };
    Ok(notifications::enqueue(app, tenant, &key, &mail, now)?)
}

fn new_id<K: Kind>(app: &App, now: Timestamp) -> Result<Id<K>, Unavailable> {
    let mut random = [0; 10];
    app.entropy.fill(&mut random)?;
    Ok(Id::new(now, random))
}
