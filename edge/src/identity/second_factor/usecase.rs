//! Enrolling a second factor, and showing it: one read, one Redis round trip, one commit.

use headlesspro_shared::identity::{
    Challenge, ChallengeClaim, Lockout, OneTimePurpose, RECOVERY_CODES, RecoveryCode, TotpCode, TotpStep, check_totp,
    redeem, totp_secret, totp_uri,
};
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::Message;
use subtle::ConstantTimeEq;

use super::hmac::hmac_sha1;
use crate::app::{Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::identity::caller::{Person, hash_of};
use crate::identity::fresh::{has_fresh_login, session_of};
use crate::identity::mailed::forgotten_before;
use crate::identity::opening::{self, Opening, SUSPENDED, Tokens};
use crate::identity::script::{self, LIMITS_AND_LOCKOUT, LOCKOUT};
use crate::identity::store::keys;
use crate::identity::store::one_time::{self, NewToken};
use crate::identity::store::second_factor::{self, SecondFactorRow};
use crate::identity::telling::{Owner, security_page};
use crate::identity::usecase::{data_key, email_of, unexplained};
use crate::journal::{self, Change};
use crate::limits::{ClientAddress, Joint};
use crate::notifications;
use crate::port::kv::Reply;
use crate::port::sql::{Commit, Committed, Rows};
use crate::vault::{DataKey, Place, Purpose};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactorError {
    /// There is one already.
    Active,
    /// There is none, or none that waits to be confirmed.
    Missing,
    /// The code is wrong, or was used.
    Wrong,
    /// Too many wrong ones: come back after so many milliseconds.
    Wait { millis: i64 },
    /// The challenge was used, or its time is over.
    ChallengeGone,
    /// The login is too long ago, or somebody else's.
    NotFresh,
}

/// What an authenticator app needs, told once.
pub struct Enrolled {
    pub secret: String,
    pub uri: String,
}

/// What somebody shows.
pub enum Shown {
    Code(TotpCode),
    Recovery(RecoveryCode),
}

/// What stands in a commit for what was shown.
#[derive(Default)]
pub struct Proven {
    /// Of failures, to be forgiven once the commit is done.
    counters: Vec<String>,
    /// The statement that is refused where what was shown has been used meanwhile.
    guard: Option<usize>,
}

impl Proven {
    /// Whether a commit was refused for what was shown.
    pub fn is_refused_at(&self, statement: usize) -> bool {
        self.guard == Some(statement)
    }

    /// Forgives the failures before, after the answer.
    pub fn forgive_later(self, ctx: &Ctx) {
        if !self.counters.is_empty() {
            let app = std::sync::Arc::clone(ctx.app());
            ctx.later(async move { script::forgive(&*app.kv, self.counters).await });
        }
    }
}

/// A new secret, which counts once a code of it has been shown.
pub async fn enroll(ctx: &Ctx, person: Person) -> Result<Enrolled, Failure<SecondFactorError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let rows = ctx.read(vec![second_factor::of_account(tenant, person.account), session_of(tenant, person)]).await?;
    let row = row_of(rows.first())?;
    if row.is_confirmed {
        return Err(Failure::Rejected(SecondFactorError::Active));
    }
    if !has_fresh_login(ctx, rows.get(1), person).await? {
        return Err(Failure::Rejected(SecondFactorError::NotFresh));
    }
    let key = data_key(app, tenant, &row.key)?;
    let email = email_of(tenant, &key, row.account, &row.email_sealed)?;
    let mut secret = [0; 20];
    app.entropy.fill(&mut secret)?;
    let text = row.account.to_string();
    let sealed = key.seal(place(tenant, &text), &secret, &*app.entropy)?;
    let mut commit = Commit::new();
    commit.push(second_factor::enroll(tenant, row.account, &sealed, ctx.now));
    let guard = commit.push(one_time::guard_used());
    commit.push(journal::audit(ctx, ctx.new_id()?, &text, turned("second-factor.enroll", &row, true, false)));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            let issuer = ctx.storefront_of(row.role).as_str();
            let issuer = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
            Ok(Enrolled { secret: totp_secret(&secret), uri: totp_uri(issuer, email.as_str(), &secret) })
        }
        Committed::Refused { statement, .. } if statement == guard => Err(Failure::Rejected(SecondFactorError::Active)),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Makes the enrolled secret count, and answers the recovery codes, which are told once.
pub async fn confirm(
    ctx: &Ctx,
    person: Person,
    code: TotpCode,
    address: Option<ClientAddress>,
) -> Result<Vec<RecoveryCode>, Failure<SecondFactorError>> {
    let tenant = ctx.tenant();
    let row = row_of(ctx.read(vec![second_factor::of_account(tenant, person.account)]).await?.first())?;
    let sealed = match (&row.secret_sealed, row.is_confirmed) {
        (_, true) => return Err(Failure::Rejected(SecondFactorError::Active)),
        (None, false) => return Err(Failure::Rejected(SecondFactorError::Missing)),
        (Some(sealed), false) => sealed,
    };
    let counters = admitted(ctx, row.account, address).await?;
    let step = step_of(ctx, &row, code)?;
    let actor = row.account.to_string();
    let mut commit = Commit::new();
    commit.push(second_factor::confirm(tenant, row.account, sealed, step, ctx.now));
    let guard = commit.push(one_time::guard_used());
    let codes = push_codes(ctx, &row, &mut commit)?;
    let change = turned("second-factor.confirm", &row, true, true).has("newRecoveryCodes", codes.len().into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change));
    let owner = owner_of(ctx, &row)?;
    let message = Message::SecondFactorOn { at: ctx.now, link: security_page(ctx, owner.role) };
    commit.push(owner.tell(ctx, &message)?);
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            notifications::deliver_later(ctx);
            Proven { counters, guard: None }.forgive_later(ctx);
            Ok(codes)
        }
        Committed::Refused { statement, .. } if statement == guard => Err(Failure::Rejected(SecondFactorError::Active)),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Takes the second factor away from an account whose owner shows it.
pub async fn disable(
    ctx: &Ctx,
    person: Person,
    shown: Shown,
    address: Option<ClientAddress>,
) -> Result<(), Failure<SecondFactorError>> {
    let mut commit = Commit::new();
    let (row, proven) = prove(ctx, person, &shown, address, &mut commit).await?;
    let actor = row.account.to_string();
    commit.push(second_factor::forget_codes(ctx.tenant(), row.account));
    commit.push(second_factor::remove(ctx.tenant(), row.account));
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, turned("second-factor.disable", &row, false, false)));
    let owner = owner_of(ctx, &row)?;
    let message = Message::SecondFactorOff { at: ctx.now, link: security_page(ctx, owner.role) };
    commit.push(owner.tell(ctx, &message)?);
    done(ctx, &commit, proven).await
}

/// Other recovery codes in the place of those there were. Takes a code of the app: whoever has found a recovery code
/// must not make ten of it.
pub async fn replace_codes(
    ctx: &Ctx,
    person: Person,
    code: TotpCode,
    address: Option<ClientAddress>,
) -> Result<Vec<RecoveryCode>, Failure<SecondFactorError>> {
    let mut commit = Commit::new();
    let (row, proven) = prove(ctx, person, &Shown::Code(code), address, &mut commit).await?;
    let actor = row.account.to_string();
    let codes = push_codes(ctx, &row, &mut commit)?;
    let change = turned("second-factor.replace-codes", &row, true, true).has("newRecoveryCodes", codes.len().into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change));
    let owner = owner_of(ctx, &row)?;
    let message = Message::RecoveryCodesReplaced { at: ctx.now, link: security_page(ctx, owner.role) };
    commit.push(owner.tell(ctx, &message)?);
    done(ctx, &commit, proven).await?;
    Ok(codes)
}

/// What the audit log keeps of an account's second factor, which is enrolled and confirmed from now on or not.
fn turned(action: &'static str, row: &SecondFactorRow, is_enrolled: bool, is_confirmed: bool) -> Change {
    Change::new(action, row.account)
        .turned("isEnrolled", row.secret_sealed.is_some().into(), is_enrolled.into())
        .turned("hasSecondFactor", row.is_confirmed.into(), is_confirmed.into())
}

/// Adds the use of what is shown to `commit`, of an account that is read for it.
async fn prove(
    ctx: &Ctx,
    person: Person,
    shown: &Shown,
    address: Option<ClientAddress>,
    commit: &mut Commit,
) -> Result<(SecondFactorRow, Proven), Failure<SecondFactorError>> {
    let rows = ctx.read(vec![second_factor::of_account(ctx.tenant(), person.account)]).await?;
    push_shown(ctx, rows.first(), shown, address, commit).await
}

/// Adds ten new recovery codes in the place of all others.
fn push_codes(
    ctx: &Ctx,
    row: &SecondFactorRow,
    commit: &mut Commit,
) -> Result<Vec<RecoveryCode>, Failure<SecondFactorError>> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        codes.push(RecoveryCode::mint(ctx.random()?));
    }
    let hashes: Vec<String> = codes.iter().map(|code| hash_of(code.canonical()).to_hex()).collect();
    commit.push(second_factor::forget_codes(ctx.tenant(), row.account));
    commit.push(second_factor::insert_codes(ctx.tenant(), row.account, &hashes));
    Ok(codes)
}

fn owner_of(ctx: &Ctx, row: &SecondFactorRow) -> Result<Owner, Failure<SecondFactorError>> {
    let key = data_key(ctx.app(), ctx.tenant(), &row.key)?;
    let email = email_of(ctx.tenant(), &key, row.account, &row.email_sealed)?;
    Ok(Owner { account: row.account, role: row.role, email, locale: row.locale.clone(), key })
}

/// The second step of a login: a challenge, which stands for the first, and a code. One Redis round trip, the one that
/// counts the request too, one read, one commit.
pub async fn log_in(
    ctx: &Ctx,
    challenge: &Challenge,
    shown: Shown,
    address: Option<ClientAddress>,
    device: &str,
) -> Result<Tokens, Failure<SecondFactorError>> {
    let tenant = ctx.tenant();
    let purpose = OneTimePurpose::SecondFactor;
    let gone = || Failure::Rejected(SecondFactorError::ChallengeGone);
    let claim = challenge.claim;
    if challenge.is_over(ctx.now) || !bool::from(mac_of(ctx, &claim).ct_eq(&challenge.mac)) {
        return Err(gone());
    }
    // As at a login by password: before the key is verified, and the challenge is looked up.
    let counters = counters(ctx, claim.account, address);
    let attempt = script::attempt(ctx.now, &Lockout::default());
    let joint = Joint { script: &LIMITS_AND_LOCKOUT, keys: counters.clone(), args: attempt };
    let_in(&ctx.decide_first(&joint).await?)?;
    let hash = hash_of(challenge.as_str()).to_hex();
    let find = one_time::find(tenant, &hash, purpose);
    let rows = ctx.read(vec![find, second_factor::of_challenge(tenant, &hash), keys::signing_keys(ctx.now)]).await?;
    // Whoever comes too late has guessed at nothing.
    let late = || {
        Proven { counters: counters.clone(), guard: None }.forgive_later(ctx);
        gone()
    };
    let token = one_time::token_of(rows.first().and_then(Rows::first).ok_or_else(late)?)?;
    redeem(&token.issued, None, ctx.now).map_err(|_| late())?;
    let factor = row_of(rows.get(1))?;
    let account = token.account;
    if account.id != claim.account || !account.is_active || !factor.is_confirmed {
        return Err(late());
    }
    let mut commit = Commit::new();
    commit.push(one_time::use_up(tenant, &hash, purpose, ctx.now));
    let used = commit.push(one_time::guard_used());
    let guard = push_use(ctx, &factor, &shown, &mut commit)?;
    let proven = Proven { counters: counters.clone(), guard: Some(guard) };
    let opening = Opening { account: account.id, role: account.role, permissions: account.permissions, device };
    let opened = opening::open(ctx, rows.get(2), opening, &mut commit)?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        Committed::Refused { statement, .. } if statement == used => return Err(late()),
        Committed::Refused { statement, .. } if proven.is_refused_at(statement) => {
            return Err(Failure::Rejected(SecondFactorError::Wrong));
        }
        Committed::Refused { refusal, .. } if refusal.is_raised(SUSPENDED) => return Err(gone()),
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    proven.forgive_later(ctx);
    opened.tokens(ctx).await
}

/// Adds a challenge to `commit` for an account that has shown its first factor, and answers its text.
///
/// # Errors
/// [`Failure::Unavailable`].
pub fn challenge<E>(ctx: &Ctx, account: AccountId, commit: &mut Commit) -> Result<Challenge, Failure<E>> {
    let tenant = ctx.tenant();
    let mut nonce = [0; 8];
    ctx.app().entropy.fill(&mut nonce)?;
    let ends = OneTimePurpose::SecondFactor.ends(ctx.now);
    let claim = ChallengeClaim { account, ends, nonce: u64::from_be_bytes(nonce) };
    let challenge = claim.with_mac(mac_of(ctx, &claim));
    commit.push(one_time::forget(tenant, forgotten_before(ctx.now)));
    let hash = hash_of(challenge.as_str()).to_hex();
    let token = NewToken::new(&hash, OneTimePurpose::SecondFactor, Some(account));
    commit.push(one_time::insert(tenant, &token, ctx.now));
    let actor = account.to_string();
    let change = Change::new("session.challenge", &actor).has("purpose", token.purpose.name().into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change));
    Ok(challenge)
}

/// Under a key of the tenant's organization.
fn mac_of(ctx: &Ctx, claim: &ChallengeClaim) -> [u8; 32] {
    let lookup = &ctx.app().vault.lookup;
    lookup.mac(ctx.tenant().organization, Purpose::Challenge, claim.authenticated().as_bytes())
}

/// Adds the use of what is shown to `commit`, by somebody who is logged in.
pub async fn push_shown(
    ctx: &Ctx,
    rows: Option<&Rows>,
    shown: &Shown,
    address: Option<ClientAddress>,
    commit: &mut Commit,
) -> Result<(SecondFactorRow, Proven), Failure<SecondFactorError>> {
    let row = row_of(rows)?;
    if !row.is_confirmed {
        return Err(Failure::Rejected(SecondFactorError::Missing));
    }
    let counters = admitted(ctx, row.account, address).await?;
    let guard = push_use(ctx, &row, shown, commit)?;
    Ok((row, Proven { counters, guard: Some(guard) }))
}

/// Counts an attempt before the code is looked at: a million codes are soon guessed.
async fn admitted(
    ctx: &Ctx,
    account: AccountId,
    address: Option<ClientAddress>,
) -> Result<Vec<String>, Failure<SecondFactorError>> {
    let counters = counters(ctx, account, address);
    let_in(&ctx.script(&LOCKOUT, counters.clone(), script::attempt(ctx.now, &Lockout::default())).await?)?;
    Ok(counters)
}

/// Apart from the failures of the password: whoever guesses at that must not keep the code out.
fn counters(ctx: &Ctx, account: AccountId, address: Option<ClientAddress>) -> Vec<String> {
    script::keys(ctx.tenant(), &format!("second-factor:{account}"), address)
}

fn let_in(reply: &Reply) -> Result<(), Failure<SecondFactorError>> {
    script::read(reply)?.map_err(|millis| Failure::Rejected(SecondFactorError::Wait { millis }))
}

/// Adds the use of what is shown, and answers the number of its guard.
fn push_use(
    ctx: &Ctx,
    row: &SecondFactorRow,
    shown: &Shown,
    commit: &mut Commit,
) -> Result<usize, Failure<SecondFactorError>> {
    let tenant = ctx.tenant();
    commit.push(match shown {
        Shown::Code(code) => second_factor::use_step(tenant, row.account, step_of(ctx, row, *code)?),
        Shown::Recovery(code) => {
            second_factor::use_code(tenant, row.account, &hash_of(code.canonical()).to_hex(), ctx.now)
        }
    });
    Ok(commit.push(one_time::guard_used()))
}

/// The step that a right code is of.
fn step_of(ctx: &Ctx, row: &SecondFactorRow, code: TotpCode) -> Result<TotpStep, Failure<SecondFactorError>> {
    let key = data_key(ctx.app(), ctx.tenant(), &row.key)?;
    let secret = open(ctx.tenant(), &key, row)?;
    let now: Timestamp = ctx.now;
    let step = check_totp(code, row.last_step, now, |message| hmac_sha1(&secret, &message));
    step.map_err(|_| Failure::Rejected(SecondFactorError::Wrong))
}

async fn done(ctx: &Ctx, commit: &Commit, proven: Proven) -> Result<(), Failure<SecondFactorError>> {
    match ctx.commit(commit).await? {
        Committed::Done { .. } => {
            notifications::deliver_later(ctx);
            proven.forgive_later(ctx);
            Ok(())
        }
        Committed::Refused { statement, .. } if proven.is_refused_at(statement) => {
            Err(Failure::Rejected(SecondFactorError::Wrong))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn row_of(rows: Option<&Rows>) -> Result<SecondFactorRow, Failure<SecondFactorError>> {
    let row = rows.and_then(Rows::first).ok_or(Failure::NotFound)?;
    Ok(second_factor::second_factor_of(row)?)
}

fn open(tenant: Tenant, key: &DataKey, row: &SecondFactorRow) -> Result<[u8; 20], Unavailable> {
    let account = row.account.to_string();
    let sealed = row.secret_sealed.as_deref().unwrap_or_default();
    let opened = key.open(place(tenant, &account), sealed).ok().and_then(|secret| secret.try_into().ok());
    opened.ok_or_else(|| Unavailable::Corrupt("the secret of a second factor".to_owned()))
}

fn place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "second_factor", column: "secret", row }
}
