//! From who somebody is to a provider to a session of ours, or to the question for the second factor.

use headlesspro_shared::identity::federation::{Link, LinkError, Presented, SameAddress, link};
use headlesspro_shared::identity::{Permissions, Role, Scopes};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, AccountKind, ExternalIdentityId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::notifications::Message;
use serde_json::json;

use super::exchange::Profile;
use super::takeover::{TakenOver, take_over, void_ended};
use super::usecase::FederationError;
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::announced::{registered, verified};
use crate::identity::identities::usecase::email_place;
use crate::identity::opening::{self, Opening, SUSPENDED, Tokens};
use crate::identity::second_factor::usecase::challenge;
use crate::identity::store::account::{self, LoginRow, NewAccount};
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::keys;
use crate::identity::store::provider::{self, LinkedRow, NewIdentity, Provider};
use crate::identity::telling::{Owner, security_page};
use crate::identity::usecase::{data_key, hash_email, no_data_key, unexplained};
use crate::journal::{self, Change};
use crate::notifications;
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::vault::{DataKey, Place};

/// Who came, by which provider, and on what device; `wanted` is the account that asked to be linked.
pub struct Arrival<'a> {
    pub provider: &'a Provider,
    pub profile: Profile,
    pub wanted: Option<AccountId>,
    pub device: &'a str,
}

impl Arrival<'_> {
    /// The address that the provider tells, where it is one.
    fn email(&self) -> Option<Email> {
        self.profile.email.as_deref().and_then(|email| email.parse().ok())
    }
}

/// What an account that is logged in to may do.
struct Entry {
    account: AccountId,
    role: Role,
    permissions: Permissions,
    has_second_factor: bool,
}

/// What a commit does for whoever came.
struct Applied {
    entry: Entry,
    /// The number of the statement that refuses where the account is none any more.
    guard: Option<usize>,
    taken: Option<TakenOver>,
}

/// What is known of whoever came.
struct Found {
    linked: Option<LinkedRow>,
    same: Option<LoginRow>,
    wanted: Option<LinkedRow>,
    key: DataKey,
    /// Of the account that asked to be linked.
    owner: Option<Owner>,
}

/// Opens a session for whoever came: one read and one commit, and again where somebody was quicker. A provider's word
/// is one factor: an account that has a second one is asked for it.
pub async fn settle(ctx: &Ctx, arrival: &Arrival<'_>) -> Result<Tokens, Failure<FederationError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let (issuer, subject) = (arrival.provider.issuer.as_str(), arrival.profile.subject.as_str());
    let presented = Presented {
        email: arrival.email(),
        is_verified: arrival.profile.is_verified.unwrap_or(arrival.provider.trusts_email),
    };
    // No account has the hash of nothing.
    let email_hash = presented.email.as_ref().map_or_else(String::new, |email| hash_email(app, tenant, email));
    for _ in 0..2 {
        let mut statements = vec![
            account::by_email(tenant, &email_hash),
            keys::signing_keys(ctx.now),
            provider::account_of(tenant, issuer, subject),
        ];
        if let Some(wanted) = arrival.wanted {
            statements.extend([provider::account_to_link(tenant, wanted), Owner::find(ctx, wanted)]);
        }
        let rows = ctx.read(statements).await?;
        let row = rows.first().and_then(Rows::first).ok_or_else(no_data_key)?;
        let (wrapped, same) = account::login_of(row)?;
        let wanted = provider::linked(rows.get(3))?;
        if arrival.wanted.is_some() && wanted.is_none() {
            return Err(refused(LinkError::Suspended));
        }
        let key = data_key(app, tenant, &wrapped)?;
        let owner = arrival.wanted.map(|_| Owner::of(ctx, rows.get(4))).transpose()?;
        let found = Found { linked: provider::linked(rows.get(2))?, same, wanted, key, owner };
        let decision = decide(&found, &presented, arrival.provider.signs_up).map_err(refused)?;

        let mut commit = Commit::new();
        let Applied { entry, guard, taken } = apply(ctx, arrival, (&email_hash, &decision), found, &mut commit).await?;
        let opened = if entry.has_second_factor {
            Err(challenge(ctx, entry.account, &mut commit)?)
        } else {
            let Entry { account, role, permissions, .. } = entry;
            let opening = Opening { account, role, permissions, device: arrival.device };
            Ok(opening::open(ctx, rows.get(1), opening, &mut commit)?)
        };
        match ctx.commit(&commit).await? {
            Committed::Done { rows, .. } => {
                if guard.is_some() {
                    notifications::deliver_later(ctx);
                }
                if let Some(taken) = taken {
                    void_ended(ctx, taken, &rows).await?;
                }
                return match opened {
                    Ok(opened) => opened.tokens(ctx).await,
                    Err(challenge) => Err(Failure::Rejected(FederationError::SecondFactor { challenge })),
                };
            }
            // Somebody has confirmed the registration, or made more of it.
            Committed::Refused { statement, .. } if taken.is_some_and(|taken| taken.guard == statement) => {}
            // The account was suspended meanwhile.
            Committed::Refused { statement, .. } if Some(statement) == guard => {
                return Err(refused(LinkError::Suspended));
            }
            Committed::Refused { refusal, .. } if refusal.is_raised(SUSPENDED) => {
                return Err(refused(LinkError::Suspended));
            }
            // Somebody registered the address, or linked the identity, at this moment.
            Committed::Refused { refusal: Refusal::Constraint { constraint: Constraint::Unique, .. }, .. } => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Unavailable(Unavailable::Corrupt("an identity is neither linked nor free".to_owned())))
}

fn refused(error: LinkError) -> Failure<FederationError> {
    Failure::Rejected(FederationError::Link(error))
}

fn decide(found: &Found, presented: &Presented, signs_up: bool) -> Result<Link, LinkError> {
    let same = found.same.as_ref().map(|account| SameAddress {
        account: account.id,
        is_active: account.is_active,
        is_verified: account.is_verified,
        has_second_factor: account.has_second_factor,
        is_customer: account.role == Role::Customer,
    });
    let known = |row: &Option<LinkedRow>| row.as_ref().map(|row| row.known);
    link(known(&found.linked), same, presented, known(&found.wanted), signs_up)
}

/// Adds what was decided to `commit`.
async fn apply(
    ctx: &Ctx,
    arrival: &Arrival<'_>,
    (email_hash, decision): (&str, &Link),
    found: Found,
    commit: &mut Commit,
) -> Result<Applied, Failure<FederationError>> {
    let tenant = ctx.tenant();
    let identity = (arrival.provider.issuer.as_str(), arrival.profile.subject.as_str());
    let corrupt = || Failure::Unavailable(Unavailable::Corrupt("an account that was there is gone".to_owned()));
    let mut taken = None;
    let owner = found.owner.or_else(|| {
        let same = found.same.as_ref()?;
        let (email, locale, key) = (arrival.email()?, same.locale.clone(), found.key.clone());
        Some(Owner { account: same.id, role: same.role, email, locale, key })
    });
    let entry = match decision {
        Link::LogIn(_) => {
            let entry = of_linked(found.linked.ok_or_else(corrupt)?);
            commit.push(provider::note_login(tenant, identity, ctx.now));
            return Ok(Applied { entry, guard: None, taken });
        }
        Link::Attach(account) => {
            let same = found.same.filter(|same| same.id == *account);
            let entry = found.wanted.map(of_linked).or_else(|| same.map(of_login));
            entry.ok_or_else(corrupt)?
        }
        Link::TakeOver(account) => {
            let same = found.same.filter(|same| same.id == *account).ok_or_else(corrupt)?;
            let name = sealed_name(ctx, arrival, *account, &found.key)?;
            taken = Some(take_over(ctx, *account, name.as_deref(), commit)?);
            let change = Change::new("account.take-over", account)
                .before(json!({ "isVerified": false }))
                .after(json!({ "isVerified": true, "provider": arrival.provider.id.to_string() }));
            commit.push(journal::audit(ctx, ctx.new_id()?, &account.to_string(), change));
            of_login(same)
        }
        Link::Register(email) => {
            let account = register(ctx, arrival, (email_hash, email), &found.key, commit).await?;
            let permissions = Permissions::new(Role::Customer.scopes(Scopes::NONE), &[]);
            Entry { account, role: Role::Customer, permissions, has_second_factor: false }
        }
    };
    let account = entry.account;
    let id: ExternalIdentityId = ctx.new_id()?;
    let row = id.to_string();
    let email = arrival.email();
    let sealed =
        email.map(|email| found.key.seal(email_place(tenant, &row), email.as_str().as_bytes(), &*ctx.app().entropy));
    let sealed = sealed.transpose()?;
    let new = NewIdentity {
        id,
        issuer: identity.0,
        subject: identity.1,
        email_sealed: sealed.as_deref(),
        is_asked_for: arrival.wanted.is_some(),
    };
    commit.push(provider::attach(tenant, &new, account, ctx.now));
    let guard = commit.push(guard_changed());
    if let Some(owner) = owner {
        let what = arrival.provider.name.clone();
        let message = Message::IdentityLinked { what, at: ctx.now, link: security_page(ctx, owner.role) };
        commit.push(owner.tell(ctx, &message)?);
    }
    let change = Change::new("identity.link", account)
        .after(json!({ "provider": arrival.provider.id.to_string(), "issuer": identity.0 }));
    commit.push(journal::audit(ctx, ctx.new_id()?, &account.to_string(), change));
    Ok(Applied { entry, guard: Some(guard), taken })
}

fn of_linked(row: LinkedRow) -> Entry {
    let LinkedRow { known, role, permissions, has_second_factor } = row;
    Entry { account: known.account, role, permissions, has_second_factor }
}

fn of_login(row: LoginRow) -> Entry {
    let LoginRow { id, role, permissions, has_second_factor, .. } = row;
    Entry { account: id, role, permissions, has_second_factor }
}

/// The name that the provider tells; one that could not be written into a form is left out.
fn sealed_name(
    ctx: &Ctx,
    arrival: &Arrival<'_>,
    account: AccountId,
    key: &DataKey,
) -> Result<Option<String>, Failure<FederationError>> {
    let name: Option<Line<200>> = arrival.profile.name.as_deref().and_then(|name| name.parse().ok());
    let row = account.to_string();
    let place = Place { organization: ctx.tenant().organization, table: "account", column: "name", row: &row };
    let sealed = name.map(|name| key.seal(place, name.as_str().as_bytes(), &*ctx.app().entropy));
    Ok(sealed.transpose()?)
}

/// A customer's account without a password, whose address the provider has verified.
async fn register(
    ctx: &Ctx,
    arrival: &Arrival<'_>,
    (email_hash, email): (&str, &Email),
    key: &DataKey,
    commit: &mut Commit,
) -> Result<AccountId, Failure<FederationError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let id = ctx.new_id::<AccountKind>()?;
    let row = id.to_string();
    let place = Place { organization: tenant.organization, table: "account", column: "email", row: &row };
    let account = NewAccount {
        id,
        email_hash: email_hash.to_owned(),
        email_sealed: key.seal(place, email.as_str().as_bytes(), &*app.entropy)?,
        name_sealed: sealed_name(ctx, arrival, id, key)?,
        password: None,
        role: Role::Customer,
        locale: "en".parse().map_err(|_| Unavailable::Corrupt("a locale".to_owned()))?,
        verified: true,
    };
    commit.push(account::insert(tenant, &account, ctx.now));
    commit.push(registered(ctx, id, Role::Customer)?);
    commit.push(verified(ctx, id)?);
    let actor = &ctx.principal().await?.actor;
    let change = Change::new("account.register", id).after(json!({ "role": "customer" }));
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    Ok(id)
}
