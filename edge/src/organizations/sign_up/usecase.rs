//! Founding an organization: one Redis round trip, the one that counts the request too, and one commit.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use headlesspro_shared::identity::{KeyKind, Password, Role};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, InvalidId, OrganizationId, StoreId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::SignUp;
use serde_json::json;

use crate::app::{App, Ctx, Tenant};
use crate::extract::{Arrival, IdempotencyKey};
use crate::failure::{Failure, Unavailable};
use crate::identity::{Caller, FirstOwner, data_key, data_key_statement, push_first_owner, wrapped_key};
use crate::journal::{self, Answered, Change, Claim, Recorded};
use crate::limits::Joint;
use crate::notifications;
use crate::organizations::members::usecase::unexplained;
use crate::organizations::script::{self, LIMITS_AND_FOUNDINGS};
use crate::organizations::usecase::{Founding, new_id};
use crate::port::sql::{Commit, Committed, Rows};
use crate::vault::DataKey;

/// Where the new owner finds what was founded.
pub const LOCATION: &str = "/api/v1/organization";

/// What is founded, and by whom.
pub struct Wanted {
    pub organization: Line<200>,
    pub store: Line<200>,
    pub currency: Currency,
    pub email: Email,
    pub password: Password,
    pub name: Option<Line<200>>,
    pub locale: Locale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpError {
    /// The operator founds the organizations here.
    Closed,
    /// Too many were founded from the network address, or for the e-mail address: there may be another in so many
    /// milliseconds.
    Wait { millis: i64 },
}

/// The names of what one request founds. A repeat founds the same, and so nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    pub organization: OrganizationId,
    pub store: StoreId,
    pub account: AccountId,
}

/// What was founded.
pub struct Founded {
    pub ids: Ids,
    pub publishable_key: String,
}

/// Whether anybody may found an organization here.
///
/// # Errors
/// [`SignUpError::Closed`].
pub fn is_open(app: &App) -> Result<(), SignUpError> {
    match app.sign_up() {
        SignUp::Open => Ok(()),
        SignUp::Closed => Err(SignUpError::Closed),
    }
}

/// What a repeat of a request is known by. Nobody is known yet, so the e-mail address stands for the caller; both
/// hashes are keyed, since the body holds a password.
pub fn claim(app: &App, email: &Email, key: &IdempotencyKey, body: &[u8]) -> Claim {
    let keyed = |text: &str| app.vault.lookup.of_sign_up(text.as_bytes());
    Claim { key: keyed(&key.of_caller(&email.as_str().to_lowercase())), fingerprint: keyed(&key.fingerprint(body)) }
}

/// Whose mails an address gets, as far as it shows: many providers put what is addressed to `ada+shop@` into the mailbox
/// of `ada@` (subaddressing, RFC 5233).
fn mailbox(email: &Email) -> String {
    let address = email.as_str().to_lowercase();
    match address.split_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or(local)),
        None => address,
    }
}

/// Founds an organization with a store, its publishable key and its owner, who has a mail to confirm the address by.
/// `rendered` is how that is answered, and kept for repeats.
pub async fn sign_up(
    app: &Arc<App>,
    arrival: &Arrival,
    wanted: &Wanted,
    claim: Option<&Claim>,
    rendered: fn(&Founded) -> String,
) -> Result<Answered, Failure<SignUpError>> {
    let fresh = Ids::new(app, app.clock.now())?;
    let as_founder = |ids: Ids| {
        let caller = Caller::founder(ids.tenant(), wanted.currency, ids.account);
        Ctx::of_arrival(Arc::clone(app), caller, arrival)
    };
    let owner = app.vault.lookup.of_sign_up(mailbox(&wanted.email).as_bytes());
    let ids = admitted(&as_founder(fresh), fresh, (arrival, &owner), claim).await?;
    let (ctx, tenant) = (as_founder(ids), ids.tenant());

    let mut commit = Commit::new();
    let founding = Founding {
        tenant,
        organization: wanted.organization.as_str(),
        store: wanted.store.as_str(),
        currency: wanted.currency,
        keys: &[KeyKind::Publishable],
    };
    // Of what is there already the first statement is refused.
    let (key, mut keys) = founding.push(app, &mut commit, ctx.now)?;
    let founded = Founded { ids, publishable_key: keys.pop().unwrap_or_default() };
    let owner = FirstOwner {
        id: ids.account,
        email: &wanted.email,
        password: &wanted.password,
        name: wanted.name.as_ref(),
        locale: &wanted.locale,
    };
    push_first_owner(&ctx, &key, &owner, &founded.publishable_key, arrival.address, &mut commit)?;
    push_journal(&ctx, &founding, ids, &mut commit)?;
    let answered = Answered::first(LOCATION.to_owned(), rendered(&founded));
    if let Some(claim) = claim {
        push_record(&ctx, claim, &key, &answered.body, &mut commit)?;
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            notifications::deliver_later(&ctx);
            Ok(answered)
        }
        Committed::Refused { refusal, diagnosis, .. } => {
            let first = claim.map(|claim| replayed(&ctx, claim, &diagnosis)).transpose()?.flatten();
            first.map(Answered::from).ok_or_else(|| unexplained(&refusal))
        }
    }
}

/// What the request founds, once it is counted.
async fn admitted(
    ctx: &Ctx,
    fresh: Ids,
    (arrival, owner): (&Arrival, &str),
    claim: Option<&Claim>,
) -> Result<Ids, Failure<SignUpError>> {
    let founds = claim.map(|_| fresh.to_string());
    let joint = Joint {
        script: &LIMITS_AND_FOUNDINGS,
        keys: script::keys(arrival.address, owner, claim.map(|claim| claim.key.as_str())),
        args: script::words(ctx.now, founds.as_deref()),
    };
    match script::read(&ctx.decide_first(&joint).await?)? {
        script::Founding::Admitted => Ok(fresh),
        script::Founding::Wait(millis) => Err(Failure::Rejected(SignUpError::Wait { millis })),
        script::Founding::Known(text) => {
            text.parse().map_err(|_| Unavailable::Corrupt("what a repeat founds".to_owned()).into())
        }
    }
}

/// Adds what others hear of the owner, and the first row of the organization's audit log.
fn push_journal(ctx: &Ctx, founding: &Founding<'_>, ids: Ids, commit: &mut Commit) -> Result<(), Failure<SignUpError>> {
    let owner = [("accountId", ids.account.to_string()), ("role", Role::Owner.to_string())];
    journal::announce(ctx, commit, "member.joined", &owner)?;
    let state = json!({
        "name": founding.organization,
        "storeId": ids.store,
        "storeName": founding.store,
        "currency": founding.currency.to_string(),
        "ownerId": ids.account,
    });
    let change = Change::new("organization.sign-up", ids.organization).after(state).of_organization();
    commit.push(journal::audit(ctx, ctx.new_id()?, &ids.account.to_string(), change));
    Ok(())
}

/// Adds what a repeat is answered.
fn push_record(
    ctx: &Ctx,
    claim: &Claim,
    key: &DataKey,
    body: &str,
    commit: &mut Commit,
) -> Result<(), Failure<SignUpError>> {
    let tenant = ctx.tenant();
    let sealed = journal::seal_body(tenant, claim, body, key, &*ctx.app().entropy)?;
    commit.push(journal::record(tenant, claim, 201, LOCATION, &sealed, ctx.now));
    commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    commit.push_diagnosis(data_key_statement(tenant));
    Ok(())
}

/// The answer that was given first, from what a refused commit has found.
fn replayed(ctx: &Ctx, claim: &Claim, diagnosis: &[Rows]) -> Result<Option<Recorded>, Failure<SignUpError>> {
    let recorded = diagnosis.first().map(journal::recorded).transpose()?.flatten();
    let Some(first) = claim.replay(recorded)? else { return Ok(None) };
    let wrapped = diagnosis.get(1).and_then(Rows::first).map(wrapped_key).transpose()?;
    let wrapped = wrapped.ok_or_else(|| Unavailable::Corrupt("the organization has no data key".to_owned()))?;
    let key = data_key(ctx.app(), ctx.tenant(), &wrapped)?;
    Ok(Some(journal::open_body(ctx.tenant(), claim, first, &key)?))
}

impl Ids {
    fn new(app: &App, now: Timestamp) -> Result<Ids, Unavailable> {
        Ok(Ids { organization: new_id(app, now)?, store: new_id(app, now)?, account: new_id(app, now)? })
    }

    pub fn tenant(self) -> Tenant {
        Tenant { organization: self.organization, store: self.store }
    }
}

/// With blanks between.
impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.organization, self.store, self.account)
    }
}

impl FromStr for Ids {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Ids, InvalidId> {
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap_or_default();
        Ok(Ids { organization: word().parse()?, store: word().parse()?, account: word().parse()? })
    }
}
