//! From who somebody is to a provider to a session of ours.

use headlesspro_shared::identity::federation::{Link, LinkError, Presented, SameAddress, link};
use headlesspro_shared::identity::{Permissions, Role, Scopes};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, AccountKind};
use headlesspro_shared::kernel::line::Line;
use serde_json::json;

use super::exchange::Profile;
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::opening::{self, Opening, Tokens};
use crate::identity::store::account::{self, LoginRow, NewAccount};
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::keys;
use crate::identity::store::provider::{self, LinkedRow, Provider};
use crate::identity::usecase::{data_key, hash_email, no_data_key, unexplained};
use crate::journal::{self, Change, Event};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::vault::{DataKey, Place};

/// Who came, by which provider, and on what device; `wanted` is the account that asked to be linked.
pub struct Arrival<'a> {
    pub provider: &'a Provider,
    pub profile: Profile,
    pub wanted: Option<AccountId>,
    pub device: &'a str,
}

/// What an account that is logged in to may do.
struct Entry {
    account: AccountId,
    role: Role,
    permissions: Permissions,
}

/// What is known of whoever came.
struct Found {
    linked: Option<LinkedRow>,
    same: Option<LoginRow>,
    wanted: Option<LinkedRow>,
    key: DataKey,
}

/// Opens a session for whoever came: one read and one commit, and again where somebody was quicker.
pub async fn settle(ctx: &Ctx, arrival: &Arrival<'_>) -> Result<Tokens, Failure<LinkError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let (issuer, subject) = (arrival.provider.issuer.as_str(), arrival.profile.subject.as_str());
    let presented = Presented {
        email: arrival.profile.email.as_deref().and_then(|email| email.parse().ok()),
        is_verified: arrival.profile.is_verified.unwrap_or(arrival.provider.trusts_email),
    };
    // No account has the hash of nothing.
    let email_hash = presented.email.as_ref().map_or_else(String::new, |email| hash_email(app, tenant, email));
    for _ in 0..2 {
        let mut statements = vec![
            account::by_email(tenant, &email_hash),
            keys::signing_key(),
            provider::account_of(tenant, issuer, subject),
        ];
        statements.extend(arrival.wanted.map(|wanted| provider::account_to_link(tenant, wanted)));
        let rows = ctx.read(statements).await?;
        let row = rows.first().and_then(Rows::first).ok_or_else(no_data_key)?;
        let (wrapped, same) = account::login_of(row)?;
        let wanted = provider::linked(rows.get(3))?;
        if arrival.wanted.is_some() && wanted.is_none() {
            return Err(Failure::Rejected(LinkError::Suspended));
        }
        let key = data_key(app, tenant, &wrapped)?;
        let found = Found { linked: provider::linked(rows.get(2))?, same, wanted, key };
        let decision = decide(&found, &presented, arrival.provider.signs_up).map_err(Failure::Rejected)?;

        let mut commit = Commit::new();
        let (entry, guard) = apply(ctx, arrival, (&email_hash, &decision), found, &mut commit).await?;
        let opening = Opening {
            account: entry.account,
            role: entry.role,
            permissions: entry.permissions,
            device: arrival.device,
        };
        let opened = opening::open(ctx, rows.get(1), opening, &mut commit)?;
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => return opened.tokens(ctx).await,
            // The account was suspended meanwhile.
            Committed::Refused { statement, .. } if Some(statement) == guard => {
                return Err(Failure::Rejected(LinkError::Suspended));
            }
            // Somebody registered the address, or linked the identity, at this moment.
            Committed::Refused { refusal: Refusal::Constraint { constraint: Constraint::Unique, .. }, .. } => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Unavailable(Unavailable::Corrupt("an identity is neither linked nor free".to_owned())))
}

fn decide(found: &Found, presented: &Presented, signs_up: bool) -> Result<Link, LinkError> {
    let same = found.same.as_ref().map(|account| SameAddress {
        account: account.id,
        is_active: account.is_active,
        is_verified: account.is_verified,
        has_second_factor: account.has_second_factor,
    });
    let known = |row: &Option<LinkedRow>| row.as_ref().map(|row| row.known);
    link(known(&found.linked), same, presented, known(&found.wanted), signs_up)
}

/// Adds what was decided to `commit`. Answers whose session it is, and the number of the statement that refuses where
/// the account is none any more.
async fn apply(
    ctx: &Ctx,
    arrival: &Arrival<'_>,
    (email_hash, decision): (&str, &Link),
    found: Found,
    commit: &mut Commit,
) -> Result<(Entry, Option<usize>), Failure<LinkError>> {
    let tenant = ctx.tenant();
    let identity = (arrival.provider.issuer.as_str(), arrival.profile.subject.as_str());
    let corrupt = || Failure::Unavailable(Unavailable::Corrupt("an account that was there is gone".to_owned()));
    let of_row = |row: LinkedRow| Entry { account: row.known.account, role: row.role, permissions: row.permissions };
    let (account, entry) = match decision {
        Link::LogIn(_) => return Ok((found.linked.map(of_row).ok_or_else(corrupt)?, None)),
        Link::Attach(account) => {
            let same = found.same.filter(|same| same.id == *account);
            let entry = match (found.wanted, same) {
                (Some(wanted), _) => of_row(wanted),
                (None, Some(same)) => Entry { account: same.id, role: same.role, permissions: same.permissions },
                (None, None) => return Err(corrupt()),
            };
            (*account, entry)
        }
        Link::Register(email) => {
            let account = register(ctx, arrival, (email_hash, email), &found.key, commit).await?;
            let permissions = Permissions::new(Role::Customer.scopes(Scopes::NONE), &[]);
            (account, Entry { account, role: Role::Customer, permissions })
        }
    };
    commit.push(provider::attach(tenant, identity, account, arrival.wanted.is_some(), ctx.now));
    let guard = commit.push(guard_changed());
    let change = Change::new("identity.link", account)
        .after(json!({ "provider": arrival.provider.id.to_string(), "issuer": identity.0 }));
    commit.push(journal::audit(ctx, ctx.new_id()?, &account.to_string(), change));
    Ok((entry, Some(guard)))
}

/// A customer's account without a password, whose address the provider has verified.
async fn register(
    ctx: &Ctx,
    arrival: &Arrival<'_>,
    (email_hash, email): (&str, &Email),
    key: &DataKey,
    commit: &mut Commit,
) -> Result<AccountId, Failure<LinkError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let id = ctx.new_id::<AccountKind>()?;
    let row = id.to_string();
    let seal = |column, plain: &str| {
        let place = Place { organization: tenant.organization, table: "account", column, row: &row };
        key.seal(place, plain.as_bytes(), &*app.entropy)
    };
    // A name that could not be written into a form is left out.
    let name: Option<Line<200>> = arrival.profile.name.as_deref().and_then(|name| name.parse().ok());
    let account = NewAccount {
        id,
        email_hash: email_hash.to_owned(),
        email_sealed: seal("email", email.as_str())?,
        name_sealed: name.map(|name| seal("name", name.as_str())).transpose()?,
        password: None,
        role: Role::Customer,
        locale: "en".parse().map_err(|_| Unavailable::Corrupt("a locale".to_owned()))?,
        verified: true,
    };
    commit.push(account::insert(tenant, &account, ctx.now));
    let event = Event {
        id: ctx.new_id()?,
        aggregate_id: row.clone(),
        version: 1,
        name: "account.registered",
        payload: json!({ "accountId": row, "role": "customer" }),
    };
    commit.push(journal::events(tenant, "account", &[event], ctx.now));
    let actor = &ctx.principal().await?.actor;
    let change = Change::new("account.register", id).after(json!({ "role": "customer" }));
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    Ok(id)
}
