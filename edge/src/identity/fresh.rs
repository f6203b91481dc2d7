//! What opens an account is added by its owner alone: by who logged in a moment ago. A token that was stolen later, or
//! that somebody has who acts as another, makes no passkey, no second factor and no link of its own.

use headlesspro_shared::identity::is_fresh;

use super::caller::Person;
use super::store::session;
use crate::app::{Ctx, Tenant};
use crate::failure::Failure;
use crate::port::sql::{Rows, Statement};

/// The statement whose rows [`has_fresh_login`] takes.
pub fn session_of(tenant: Tenant, person: Person) -> Statement {
    session::find(tenant, person.session)
}

/// Whether the session that asks was opened a moment ago, by the account's owner. A replica may not have heard of it
/// yet: then it is read once more.
///
/// # Errors
/// [`Failure`] when it is to be read and is not, or the row does not read back.
pub async fn has_fresh_login<E>(ctx: &Ctx, rows: Option<&Rows>, person: Person) -> Result<bool, Failure<E>> {
    let mut session = rows.map(session::session_of).transpose()?.flatten();
    if session.is_none() {
        let rows = ctx.clone().reading_what_is_current().read(vec![session_of(ctx.tenant(), person)]).await?;
        session = rows.first().map(session::session_of).transpose()?.flatten();
    }
    let session = session.filter(|session| session.account == person.account && !session.family.revoked);
    let is_impersonated = ctx.impersonator().is_some();
    Ok(session.is_some_and(|session| is_fresh(session.opened_at, is_impersonated, ctx.now)))
}
