//! Making, listing, naming and removing passkeys, and logging in with one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_shared::identity::KeyName;
use headlesspro_shared::identity::passkey::{
    CHALLENGE_SECONDS, ClientData, MOST_PASSKEYS, PasskeyError, RelyingParty, next_count,
};
use headlesspro_shared::kernel::id::{AccountId, PasskeyId};
use headlesspro_shared::notifications::Message;
use serde_json::{Value, json};

use super::ceremony::{Assertion, Credential, Registration, client_data};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::caller::{Person, hash_of};
use crate::identity::fresh::{has_fresh_login, session_of};
use crate::identity::opening::{self, Opening, SUSPENDED, Tokens};
use crate::identity::repeat::{Repeatable, repeat_reads};
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::passkey::{self, LoginPasskey, NewPasskey, Passkey};
use crate::identity::store::{account, keys};
use crate::identity::telling::{Owner, security_page};
use crate::identity::usecase::{committed, data_key, email_of, no_data_key, unexplained};
use crate::journal::{self, Answered, Change, Claim, MASKED, MASKED_CHANGED, PERSONAL};
use crate::notifications;
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::vault::{DataKey, Place, is_sealed};

/// Challenges that are over are kept no longer than this, in milliseconds.
const KEPT_MILLIS: i64 = 3_600_000;

/// Why something is not done with a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyFailure {
    /// The store has not said yet whom passkeys are made for.
    NoParty,
    /// What the authenticator says was not believed.
    NotProven(PasskeyError),
    /// There is no such passkey, or its account is suspended: never said which.
    Refused,
    /// The authenticator's credential is an account's already.
    Exists,
    TooMany,
    /// Nothing else would open the account.
    LastLoginMethod,
    /// The login is too long ago, or somebody else's.
    NotFresh,
}

/// What a browser needs to make a passkey.
pub struct RegistrationOptions {
    pub party: RelyingParty,
    pub account: AccountId,
    pub email: String,
    pub challenge: String,
    /// The account has these already.
    pub known: Vec<Passkey>,
}

/// What a browser needs to use one.
pub struct LoginOptions {
    pub party: RelyingParty,
    pub challenge: String,
}

/// A passkey to be kept, as the browser brings it.
pub struct Brought {
    pub name: Option<KeyName>,
    pub registration: Registration,
    pub transports: Vec<String>,
}

/// A login, as the browser brings it.
pub struct Presented {
    /// In base64url.
    pub credential_id: String,
    /// Whose it is, as the authenticator says.
    pub user_handle: Option<Vec<u8>>,
    pub assertion: Assertion,
}

/// For whom the store's passkeys are made.
pub async fn party(ctx: &Ctx) -> Result<RelyingParty, Failure<PasskeyFailure>> {
    let rows = ctx.read(vec![passkey::party(ctx.tenant())]).await?;
    passkey::party_of(rows.first())?.ok_or(Failure::NotFound)
}

/// Says for whom the store's passkeys are made.
pub async fn set_party(ctx: &Ctx, party: &RelyingParty) -> Result<(), Failure<PasskeyFailure>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![passkey::party(tenant)]).await?;
    let before = passkey::party_of(rows.first())?;
    let actor = &ctx.principal().await?.actor;
    let mut commit = Commit::new();
    commit.push(passkey::set_party(tenant, party, ctx.now));
    let mut change = Change::new("relying-party.set", tenant.store).after(state(party));
    if let Some(before) = &before {
        change = change.before(state(before));
    }
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    committed(ctx.commit(&commit).await?)?;
    Ok(())
}

fn state(party: &RelyingParty) -> Value {
    json!({ "rpId": party.id(), "name": party.name(), "origins": party.origins() })
}

/// One read, one commit.
pub async fn registration_options(ctx: &Ctx, person: Person) -> Result<RegistrationOptions, Failure<PasskeyFailure>> {
    let (tenant, who) = (ctx.tenant(), person.account);
    let statements = vec![
        passkey::party(tenant),
        account::by_id(tenant, who),
        passkey::of_account(tenant, who),
        session_of(tenant, person),
    ];
    let rows = ctx.read(statements).await?;
    let party = passkey::party_of(rows.first())?.ok_or(Failure::Rejected(PasskeyFailure::NoParty))?;
    let row = account::account_of(rows.get(1).and_then(Rows::first).ok_or(Failure::NotFound)?)?;
    let key = data_key(ctx.app(), tenant, &row.key)?;
    let email = email_of(tenant, &key, who, &row.email_sealed)?.as_str().to_owned();
    let known = rows.get(2).map(passkey::passkeys_of).transpose()?.unwrap_or_default();
    if MOST_PASSKEYS <= known.len() {
        return Err(Failure::Rejected(PasskeyFailure::TooMany));
    }
    // Without options there is no challenge, and without one of this account's no passkey.
    if !has_fresh_login(ctx, rows.get(3), person).await? {
        return Err(Failure::Rejected(PasskeyFailure::NotFresh));
    }
    let challenge = new_challenge(ctx, Some(who)).await?;
    Ok(RegistrationOptions { party, account: who, email, challenge, known })
}

/// One read, one commit.
pub async fn login_options(ctx: &Ctx) -> Result<LoginOptions, Failure<PasskeyFailure>> {
    let rows = ctx.read(vec![passkey::party(ctx.tenant())]).await?;
    let party = passkey::party_of(rows.first())?.ok_or(Failure::Rejected(PasskeyFailure::NoParty))?;
    Ok(LoginOptions { party, challenge: new_challenge(ctx, None).await? })
}

async fn new_challenge(ctx: &Ctx, account: Option<AccountId>) -> Result<String, Failure<PasskeyFailure>> {
    let tenant = ctx.tenant();
    let mut random = [0; 32];
    ctx.app().entropy.fill(&mut random)?;
    let challenge = URL_SAFE_NO_PAD.encode(random);
    let ends = ctx.now.checked_add_millis(CHALLENGE_SECONDS.saturating_mul(1_000)).unwrap_or(ctx.now);
    let mut commit = Commit::new();
    commit.push(passkey::forget(tenant, ctx.now.checked_add_millis(KEPT_MILLIS.saturating_neg()).unwrap_or(ctx.now)));
    commit.push(passkey::challenge(tenant, &hash_of(&challenge).to_hex(), account, ends));
    committed(ctx.commit(&commit).await?)?;
    Ok(challenge)
}

/// Keeps a passkey: one read, one commit, which uses the challenge up. `told` is how it is answered.
pub async fn register(
    ctx: &Ctx,
    who: AccountId,
    brought: &Brought,
    claim: Option<&Claim>,
    told: fn(Passkey) -> String,
) -> Result<Answered, Failure<PasskeyFailure>> {
    let tenant = ctx.tenant();
    let mut reads = vec![passkey::party(tenant), Owner::find(ctx, who)];
    reads.extend(repeat_reads(tenant, claim));
    let rows = ctx.read(reads).await?;
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(2..))?;
    if let Some(first) = first {
        return Ok(first);
    }
    let party = passkey::party_of(rows.first())?.ok_or(Failure::Rejected(PasskeyFailure::NoParty))?;
    let owner = Owner::of(ctx, rows.get(1))?;
    let client = client_data(&brought.registration.client_data).map_err(not_proven)?;
    let credential = brought.registration.verify(&client, &party).map_err(not_proven)?;
    let name = brought.name.as_ref().map_or_else(|| "Passkey".to_owned(), ToString::to_string);
    let id = ctx.new_id()?;
    let sealed = seal_name(ctx, &owner.key, id, &name)?;
    let new = new_passkey(id, who, &sealed, &credential, &party, &brought.transports);
    let made = Passkey {
        id: new.id,
        name: name.clone(),
        credential_id: credential.id.clone(),
        rp_id: party.id().to_owned(),
        algorithm: credential.algorithm,
        transports: brought.transports.clone(),
        aaguid: credential.aaguid.clone(),
        is_backed_up: credential.is_backed_up,
        created_at: ctx.now,
        last_used_at: None,
    };
    let answered = Answered::first(format!("/api/v1/auth/passkeys/{}", new.id), told(made.clone()));
    let mut commit = Commit::new();
    let used = use_challenge(ctx, &client, Some(who), &mut commit);
    commit.push(passkey::insert(tenant, &new, ctx.now));
    let count = commit.push(passkey::guard_count(tenant, who, MOST_PASSKEYS));
    let change = Change::new("passkey.register", made.id).after(kept(&made)).redacted(PERSONAL);
    commit.push(journal::audit(ctx, ctx.new_id()?, &who.to_string(), change));
    let message = Message::PasskeyAdded { what: name, at: ctx.now, link: security_page(ctx, owner.role) };
    commit.push(owner.tell(ctx, &message)?);
    repeatable.keep(ctx, &mut commit, &answered)?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            notifications::deliver_later(ctx);
            Ok(answered)
        }
        Committed::Refused { statement, refusal, diagnosis } => match repeatable.answered(ctx, diagnosis.first())? {
            Some(first) => Ok(first),
            None if statement == used => Err(not_proven(PasskeyError::Challenge)),
            None if statement == count => Err(Failure::Rejected(PasskeyFailure::TooMany)),
            None if matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. }) => {
                Err(Failure::Rejected(PasskeyFailure::Exists))
            }
            None => Err(unexplained(&refusal)),
        },
    }
}

fn new_passkey<'a>(
    id: PasskeyId,
    account: AccountId,
    name: &'a str,
    credential: &'a Credential,
    party: &'a RelyingParty,
    transports: &'a [String],
) -> NewPasskey<'a> {
    NewPasskey {
        id,
        account,
        name,
        credential_id: &credential.id,
        public_key: &credential.public_key,
        rp_id: party.id(),
        algorithm: credential.algorithm,
        sign_count: credential.sign_count,
        transports,
        aaguid: &credential.aaguid,
        is_backup_eligible: credential.is_backup_eligible,
        is_backed_up: credential.is_backed_up,
    }
}

/// Uses the challenge up that the browser says; answers the number of the statement that refuses where it is none.
fn use_challenge(ctx: &Ctx, client: &ClientData, account: Option<AccountId>, commit: &mut Commit) -> usize {
    let hash = hash_of(&client.challenge).to_hex();
    commit.push(passkey::use_challenge(ctx.tenant(), &hash, account, ctx.now));
    commit.push(guard_changed())
}

/// Opens a session: one read, one commit, which uses the challenge up and moves the counter on.
pub async fn log_in(ctx: &Ctx, presented: &Presented, device: &str) -> Result<Tokens, Failure<PasskeyFailure>> {
    let tenant = ctx.tenant();
    let statements = vec![
        passkey::party(tenant),
        passkey::by_credential(tenant, &presented.credential_id),
        keys::signing_keys(ctx.now),
    ];
    let rows = ctx.read(statements).await?;
    let party = passkey::party_of(rows.first())?.ok_or(Failure::Rejected(PasskeyFailure::NoParty))?;
    let refused = || Failure::Rejected(PasskeyFailure::Refused);
    let found = passkey::login_of(rows.get(1))?.filter(|found| found.rp_id == party.id()).ok_or_else(refused)?;
    let is_own = presented.user_handle.as_ref().is_none_or(|handle| *handle == found.account.to_string().as_bytes());
    if !is_own || !found.is_active {
        return Err(refused());
    }
    let client = client_data(&presented.assertion.client_data).map_err(not_proven)?;
    let verified = presented.assertion.verify(&client, &party, &found.public_key).map_err(not_proven)?;
    // What an authenticator can do is settled when it makes the credential (section 7.2, step 19).
    if verified.is_backup_eligible != found.is_backup_eligible {
        return Err(not_proven(PasskeyError::Malformed));
    }
    let count = match next_count(found.sign_count, verified.sign_count) {
        Ok(count) => count,
        Err(error) => {
            note_copy(ctx, &found, verified.sign_count).await?;
            return Err(not_proven(error));
        }
    };
    let mut commit = Commit::new();
    let used = use_challenge(ctx, &client, None, &mut commit);
    commit.push(passkey::used(tenant, found.id, count, verified.is_backed_up, ctx.now));
    let counted = commit.push(guard_changed());
    let opening = Opening { account: found.account, role: found.role, permissions: found.permissions, device };
    let opened = opening::open(ctx, rows.get(2), opening, &mut commit)?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => opened.tokens(ctx).await,
        Committed::Refused { statement, .. } if statement == used => Err(not_proven(PasskeyError::Challenge)),
        Committed::Refused { statement, .. } if statement == counted => Err(not_proven(PasskeyError::Counter)),
        Committed::Refused { refusal, .. } if refusal.is_raised(SUSPENDED) => Err(refused()),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// A copy may be about: the log says so.
async fn note_copy(ctx: &Ctx, found: &LoginPasskey, presented: u32) -> Result<(), Failure<PasskeyFailure>> {
    let change = Change::new("passkey.counter-regressed", found.id)
        .before(json!({ "count": found.sign_count }))
        .after(json!({ "count": presented }));
    let mut commit = Commit::new();
    commit.push(journal::audit(ctx, ctx.new_id()?, &found.account.to_string(), change));
    committed(ctx.commit(&commit).await?)?;
    Ok(())
}

pub async fn list(ctx: &Ctx, who: AccountId) -> Result<Vec<Passkey>, Failure<PasskeyFailure>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![passkey::of_account(tenant, who), keys::data_key(tenant)]).await?;
    let passkeys = rows.first().map(passkey::passkeys_of).transpose()?.unwrap_or_default();
    let key = key_of(ctx, rows.get(1))?;
    Ok(passkeys.into_iter().map(|passkey| opened(ctx, &key, passkey)).collect::<Result<_, _>>()?)
}

/// Gives a passkey another name: one read, one commit. With the one that it has nothing changes.
pub async fn rename(
    ctx: &Ctx,
    who: AccountId,
    id: PasskeyId,
    name: &KeyName,
) -> Result<Passkey, Failure<PasskeyFailure>> {
    let (tenant, name) = (ctx.tenant(), name.to_string());
    let rows = ctx.read(vec![passkey::find(tenant, id, who), keys::data_key(tenant)]).await?;
    let key = key_of(ctx, rows.get(1))?;
    let before = opened(ctx, &key, only(rows.first())?.ok_or(Failure::NotFound)?)?;
    if before.name == name {
        return Ok(before);
    }
    let mut commit = Commit::new();
    commit.push(passkey::rename(tenant, id, who, &seal_name(ctx, &key, id, &name)?));
    let guard = commit.push(guard_changed());
    let change = Change::new("passkey.rename", id).turned("name", MASKED.into(), MASKED_CHANGED.into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &who.to_string(), change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Passkey { name, ..before }),
        Committed::Refused { statement, .. } if statement == guard => Err(Failure::NotFound),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Removes a passkey, unless nothing else would open the account: one read, one commit.
pub async fn remove(ctx: &Ctx, who: AccountId, id: PasskeyId) -> Result<(), Failure<PasskeyFailure>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![passkey::find(tenant, id, who), Owner::find(ctx, who)]).await?;
    let known = only(rows.first())?.ok_or(Failure::NotFound)?;
    let owner = Owner::of(ctx, rows.get(1))?;
    let known = opened(ctx, &owner.key, known)?;
    let mut commit = Commit::new();
    commit.push(passkey::remove(tenant, id, who));
    let guard = commit.push(guard_changed());
    let change = Change::new("passkey.remove", id).before(kept(&known)).redacted(PERSONAL);
    commit.push(journal::audit(ctx, ctx.new_id()?, &who.to_string(), change));
    let message = Message::PasskeyRemoved { what: known.name, at: ctx.now, link: security_page(ctx, owner.role) };
    commit.push(owner.tell(ctx, &message)?);
    commit.push_diagnosis(passkey::find(tenant, id, who));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            notifications::deliver_later(ctx);
            Ok(())
        }
        Committed::Refused { statement, diagnosis, .. } if statement == guard => match only(diagnosis.first())? {
            Some(_) => Err(Failure::Rejected(PasskeyFailure::LastLoginMethod)),
            None => Err(Failure::NotFound),
        },
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// What the audit log keeps, once it is redacted.
fn kept(passkey: &Passkey) -> Value {
    json!({
        "name": passkey.name,
        "rpId": passkey.rp_id,
        "algorithm": passkey.algorithm,
        "aaguid": passkey.aaguid,
        "isBackedUp": passkey.is_backed_up,
    })
}

/// The organization's data key, from the answer of [`keys::data_key`].
fn key_of(ctx: &Ctx, rows: Option<&Rows>) -> Result<DataKey, Failure<PasskeyFailure>> {
    let row = rows.and_then(Rows::first).ok_or_else(no_data_key)?;
    Ok(data_key(ctx.app(), ctx.tenant(), &keys::wrapped(row)?)?)
}

/// What a person calls a passkey is theirs: it may say whose telephone it is.
fn seal_name(ctx: &Ctx, key: &DataKey, id: PasskeyId, name: &str) -> Result<String, NoEntropy> {
    key.seal(name_place(ctx, &id.to_string()), name.as_bytes(), &*ctx.app().entropy)
}

/// A passkey as its owner sees it. What was kept before names were sealed is not.
fn opened(ctx: &Ctx, key: &DataKey, passkey: Passkey) -> Result<Passkey, Unavailable> {
    if !is_sealed(&passkey.name) {
        return Ok(passkey);
    }
    let name = key.open_text(name_place(ctx, &passkey.id.to_string()), &passkey.name);
    let name = name.map_err(|error| Unavailable::Corrupt(format!("a passkey's name: {error}")))?;
    Ok(Passkey { name, ..passkey })
}

fn name_place<'a>(ctx: &Ctx, row: &'a str) -> Place<'a> {
    Place { organization: ctx.tenant().organization, table: "passkey", column: "name", row }
}

fn only(rows: Option<&Rows>) -> Result<Option<Passkey>, Unavailable> {
    Ok(rows.map(passkey::passkeys_of).transpose()?.unwrap_or_default().into_iter().next())
}

fn not_proven(error: PasskeyError) -> Failure<PasskeyFailure> {
    Failure::Rejected(PasskeyFailure::NotProven(error))
}
