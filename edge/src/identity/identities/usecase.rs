//! Listing and unlinking identities.

use headlesspro_shared::kernel::id::{AccountId, ExternalIdentityId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::Message;
use serde_json::json;

use crate::app::{Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::identity::newest::Newest;
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::identity::{self, IdentityProvider, IdentityRow};
use crate::identity::telling::{Owner, security_page};
use crate::identity::usecase::unexplained;
use crate::journal::{self, Change};
use crate::notifications;
use crate::port::sql::{Commit, Committed, Rows};
use crate::vault::{DataKey, Place};

/// Nothing else would open the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastWayIn;

/// An identity as the account's owner sees it.
pub struct Identity {
    pub id: ExternalIdentityId,
    pub issuer: String,
    /// The end of what the provider calls the person.
    pub subject_hint: String,
    /// The address that the provider told when it was linked.
    pub email: Option<String>,
    pub linked_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub provider: Option<IdentityProvider>,
}

/// Where the address of a linked identity stands.
pub fn email_place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "external_identity", column: "email", row }
}

/// A page of the identities of the account, and the one behind it.
pub async fn list(
    ctx: &Ctx,
    who: AccountId,
    wanted: &Newest,
) -> Result<(Vec<Identity>, Option<Newest>), Failure<LastWayIn>> {
    let rows = ctx.read(vec![identity::of_account(ctx.tenant(), who, wanted), Owner::find(ctx, who)]).await?;
    let owner = Owner::of(ctx, rows.get(1))?;
    let found = rows.first().map(identity::identities_of).transpose()?.unwrap_or_default();
    let (found, next) = wanted.page(found, |row| (row.linked_at, row.id.to_string()));
    let opened = found.into_iter().map(|row| opened(ctx.tenant(), &owner.key, row)).collect::<Result<_, _>>()?;
    Ok((opened, next))
}

fn opened(tenant: Tenant, key: &DataKey, row: IdentityRow) -> Result<Identity, Unavailable> {
    let id = row.id.to_string();
    let email = row.email_sealed.as_deref().map(|sealed| key.open_text(email_place(tenant, &id), sealed)).transpose();
    Ok(Identity {
        id: row.id,
        issuer: row.issuer,
        subject_hint: hint(&row.subject),
        email: email.map_err(|error| Unavailable::Corrupt(format!("an identity's address: {error}")))?,
        linked_at: row.linked_at,
        last_used_at: row.last_used_at,
        provider: row.provider,
    })
}

/// Enough to tell one's own identities apart: a quarter of the subject, and four characters at most.
fn hint(subject: &str) -> String {
    let shown = (subject.chars().count() / 4).min(4);
    let end: Vec<char> = subject.chars().rev().take(shown).collect();
    std::iter::once('\u{2026}').chain(end.into_iter().rev()).collect()
}

/// Unlinks an identity, unless nothing else would open the account: one read, one commit.
pub async fn unlink(ctx: &Ctx, who: AccountId, id: ExternalIdentityId) -> Result<(), Failure<LastWayIn>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![identity::find(tenant, id, who), Owner::find(ctx, who)]).await?;
    let known = only(rows.first())?.ok_or(Failure::NotFound)?;
    let owner = Owner::of(ctx, rows.get(1))?;
    let mut commit = Commit::new();
    commit.push(identity::unlink(tenant, id, who));
    let guard = commit.push(guard_changed());
    let change =
        Change::new("identity.unlink", who).before(json!({ "identity": id.to_string(), "issuer": known.issuer }));
    commit.push(journal::audit(ctx, ctx.new_id()?, &who.to_string(), change));
    let what = known.provider.map_or(known.issuer, |provider| provider.name);
    let message = Message::IdentityUnlinked { what, at: ctx.now, link: security_page(ctx, owner.role) };
    commit.push(owner.tell(ctx, &message)?);
    commit.push_diagnosis(identity::find(tenant, id, who));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            notifications::deliver_later(ctx);
            Ok(())
        }
        Committed::Refused { statement, diagnosis, .. } if statement == guard => match only(diagnosis.first())? {
            Some(_) => Err(Failure::Rejected(LastWayIn)),
            None => Err(Failure::NotFound),
        },
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn only(rows: Option<&Rows>) -> Result<Option<IdentityRow>, Unavailable> {
    Ok(rows.map(identity::identities_of).transpose()?.unwrap_or_default().into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_tells_a_quarter_at_most() {
        for (subject, expected) in [
            ("", "\u{2026}"),
            ("abc", "\u{2026}"),
            ("abcdefgh", "\u{2026}gh"),
            ("107692150931804420123", "\u{2026}0123"),
        ] {
            assert_eq!(hint(subject), expected);
        }
    }
}
