//! A caller: first a claim, then a principal.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use headlesspro_shared::identity::{
    ApiKeyClaim, KeyKind, LEEWAY_SECONDS, Permissions, Resource, Scope, Scopes, Subject,
};
use headlesspro_shared::kernel::id::{AccountId, AppId, ChannelId, OrganizationId, SessionId, StoreId};
use headlesspro_shared::kernel::locale::Locales;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::BaseUrl;
use sha2::{Digest, Sha256};

use super::federation::{Issuers, hash_of_both};
use super::signing::{KeyRing, PublicKey, UnverifiedToken};
use super::store::tenant::{locales, open_only, storefront};
use super::store::void::{Voids, voids};
use super::store::{api_key, app, keys};
use crate::app::{App, Tenant};
use crate::failure::{Denied, Halt};
use crate::limits::Payer;
use crate::port::sql::{Row, Rows, Statement};

/// How long a verified credential is remembered: the bound on a revocation's delay, in milliseconds.
const REMEMBERED_MILLIS: i64 = 30_000;

/// At most this many are remembered; then all are forgotten and verified anew.
const REMEMBERED: usize = 4_096;

/// SHA-256 of a credential's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

pub fn hash_of(key: &str) -> KeyHash {
    KeyHash(Sha256::digest(key.as_bytes()).into())
}

/// `None`: longer than any credential, and not to be hashed.
fn hash_of_bearer(text: &str) -> Option<KeyHash> {
    (text.len() <= UnverifiedToken::LONGEST).then(|| hash_of(text))
}

/// Whom a request with this credential is counted for, before anybody is asked whether it is good; its
/// organization only where this isolate remembers that it is. `None`: it is no credential at all. `beside` is the
/// publishable key that came with another issuer's token.
pub fn countable(text: &str, beside: Option<&str>, now: Timestamp, verifier: &Verifier) -> Option<Countable> {
    let hash = match beside {
        Some(key) => hash_of_both(key, text)?,
        None => hash_of_bearer(text)?,
    };
    let payer = Payer::Key(hash.to_hex());
    if let Some((tenant, principal)) = verifier.remembered.get(hash, now) {
        let organization = Some(tenant.organization);
        let (payer, revocations, is_renewable) = match principal.person {
            None if principal.issued_at.is_none() => (payer, Vec::new(), false),
            None => {
                let is_renewable = principal.actor.parse().is_ok_and(|subject: Subject| subject.is_renewable());
                (payer, keys_of(tenant.organization, &token_subjects(&principal.actor, hash)), is_renewable)
            }
            Some(person) => {
                let revocations = keys_of(tenant.organization, &person.subjects(principal.impersonator));
                // Another issuer's token is verified by the database, every 30 s.
                (Payer::Account(person.account.to_string()), revocations, beside.is_none())
            }
        };
        let bearer = Bearer { hash, token: None };
        return Some(Countable { bearer, payer, organization, revocations, is_renewable });
    }
    if text.len() == ApiKeyClaim::LENGTH || beside.is_some() {
        let bearer = Bearer { hash, token: None };
        return Some(Countable { bearer, payer, organization: None, revocations: Vec::new(), is_renewable: false });
    }
    // Not verified yet: it pays for itself alone, but what it claims to be may have been revoked.
    let token = UnverifiedToken::read(text)?;
    let (revocations, is_renewable) = (revocations_of(&token, hash), token.claims.sub.is_renewable());
    let bearer = Bearer { hash, token: Some(Arc::new(token)) };
    Some(Countable { bearer, payer, organization: None, revocations, is_renewable })
}

/// A credential as it was read for the limits, for [`Caller::of_bearer`] not to read it again.
#[derive(Clone)]
pub struct Bearer {
    hash: KeyHash,
    token: Option<Arc<UnverifiedToken>>,
}

impl Bearer {
    pub fn hash(&self) -> KeyHash {
        self.hash
    }

    /// `None`: it is no credential at all.
    pub fn read(text: &str) -> Option<Bearer> {
        Some(Bearer { hash: hash_of_bearer(text)?, token: None })
    }
}

/// The Redis keys that void a token, once its claims are known to hold.
pub fn revocations_of(token: &UnverifiedToken, hash: KeyHash) -> Vec<String> {
    keys_of(token.claims.access.org, &subjects_of(token, hash))
}

/// What a token is void with.
pub fn subjects_of(token: &UnverifiedToken, hash: KeyHash) -> Vec<String> {
    match token.person() {
        Some(person) => person.subjects(token.impersonator()),
        None => token_subjects(&token.claims.sub.to_string(), hash),
    }
}

/// Of a token that is no person's: its app or service, and the token alone (RFC 7009).
fn token_subjects(subject: &str, hash: KeyHash) -> Vec<String> {
    vec![subject.to_owned(), hash.to_hex()]
}

fn keys_of(organization: OrganizationId, subjects: &[String]) -> Vec<String> {
    subjects.iter().map(|subject| revocation_key(organization, subject)).collect()
}

/// Who pays for a request, and what may have been revoked.
pub struct Countable {
    pub bearer: Bearer,
    pub payer: Payer,
    pub organization: Option<OrganizationId>,
    /// The Redis keys that hold the moment before which tokens are void.
    pub revocations: Vec<String>,
    /// Whether a token from before the epoch is void.
    pub is_renewable: bool,
}

/// The Redis key with the moment, in milliseconds, before which tokens of a session or an account are void.
pub fn revocation_key(organization: OrganizationId, id: &str) -> String {
    format!("rev:{organization}:{id}")
}

/// A caller whose credential was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The id of the key or account, or `operator`: what the audit log says.
    pub actor: String,
    pub permissions: Permissions,
    /// The store's currency.
    pub currency: Currency,
    /// Where the store's links lead, if it says.
    pub storefront: Option<BaseUrl>,
    /// The store's.
    pub locales: Arc<Locales>,
    /// That of its key: what the caller is shown, where it is not all of the store.
    pub channel: Option<ChannelId>,
    /// The person and the session, where the caller is one.
    pub person: Option<Person>,
    /// The member of the staff who acts in the person's name.
    pub impersonator: Option<AccountId>,
    /// When the token was issued. A key has no such moment: its revocation is in the database.
    pub issued_at: Option<Timestamp>,
}

/// Who is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub account: AccountId,
    pub session: SessionId,
}

impl Person {
    /// Whoever acts in the person's name stops when either of the two is stopped.
    fn subjects(self, impersonator: Option<AccountId>) -> Vec<String> {
        let ids =
            [Some(self.session.to_string()), Some(self.account.to_string()), impersonator.map(|id| id.to_string())];
        ids.into_iter().flatten().collect()
    }
}

/// What verifies credentials without asking anybody, in one isolate or process.
pub struct Verifier {
    /// Whose tokens are good.
    pub issuer: String,
    remembered: Remembered,
    open: OpenTenants,
    pub(super) keys: KeyRing,
    pub(super) issuers: Issuers,
}

impl Verifier {
    pub fn new(issuer: String) -> Verifier {
        Verifier {
            issuer,
            remembered: Remembered::default(),
            open: OpenTenants::default(),
            keys: KeyRing::default(),
            issuers: Issuers::default(),
        }
    }
}

impl Verifier {
    /// With the moments from and until which it is remembered.
    pub(super) fn remembered(
        &self,
        hash: KeyHash,
        now: Timestamp,
    ) -> Option<(Tenant, Arc<Principal>, (Timestamp, Timestamp))> {
        self.remembered.entry(hash, now)
    }

    /// Whom this credential was found to belong to, in the last 30 s.
    pub(super) fn recall(&self, hash: KeyHash, now: Timestamp) -> Option<(Tenant, Arc<Principal>)> {
        self.remembered.get(hash, now)
    }

    /// The locales that the store had when it was last heard of here, whenever that was: good for a guess.
    pub fn locales_once(&self, tenant: Tenant) -> Option<Arc<Locales>> {
        self.open.once(tenant).map(|open| open.locales)
    }

    /// The tenant, where it was found to do business in the last 30 s.
    pub(super) fn open(&self, tenant: Tenant, now: Timestamp) -> Option<Open> {
        self.open.get(tenant, now)
    }

    /// Takes what [`keys::verifying_key`] answers of a token's tenant.
    ///
    /// # Errors
    /// [`Halt`]: denied where it is not there, or does no business.
    pub(super) fn opened(&self, token: &UnverifiedToken, row: Row<'_>, now: Timestamp) -> Result<Open, Halt> {
        let bad = Halt::Denied(Denied::BadCredentials);
        let void_before = row.get::<Option<i64>>("void_before")?.map(Timestamp::from_millis);
        if void_before.is_some_and(|moment| token.claims.is_void(moment)) {
            return Err(bad);
        }
        let Some(store) = row.get::<Option<&str>>("store_status")? else { return Err(bad) };
        if token.is_job() {
            return Ok(Open::from(now, None, Arc::default()));
        }
        open_only(row)?;
        if store != "active" {
            return Err(bad);
        }
        self.found(token.tenant(), Open::from(now, storefront(row)?, locales(row)?), row)
    }

    /// Remembers the tenant with what of it is void; not at all where that is too much.
    fn found(&self, tenant: Tenant, open: Open, row: Row<'_>) -> Result<Open, Halt> {
        Ok(match voids(row)? {
            Some(voids) => self.open.found(tenant, Open { voids, ..open }),
            None => open,
        })
    }

    pub(super) fn remember(
        &self,
        hash: KeyHash,
        tenant: Tenant,
        principal: &Arc<Principal>,
        now: Timestamp,
        ends: Option<Timestamp>,
    ) {
        self.remembered.put(hash, tenant, principal, now, ends);
    }
}

/// What a route needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    pub scope: Scope,
    pub over: Over,
}

/// What a scope must be held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The store that the credential is for.
    Store,
    /// The whole organization.
    Organization,
    /// Anything: the record decides, once it is known.
    Record,
    /// The store, or some channel of it: what is in it decides.
    Channel,
    /// The store, or some location of it: what is at it decides.
    Location,
}

impl Needed {
    /// Whether somebody with these permissions may call the route, as far as that can be said before it ran.
    fn is_met_by(self, permissions: &Permissions, store: StoreId) -> bool {
        let resource = match self.over {
            Over::Store => Resource::of_store(store),
            Over::Organization => Resource::of_organization(),
            Over::Record => return permissions.scopes().contains(self.scope),
            Over::Channel => {
                return permissions.channels(self.scope, store).is_none_or(|channels| !channels.is_empty());
            }
            Over::Location => {
                return permissions.locations(self.scope, store).is_none_or(|locations| !locations.is_empty());
            }
        };
        permissions.allows(self.scope, &resource).is_ok()
    }
}

/// The caller of one request.
pub struct Caller {
    tenant: Tenant,
    credential: Credential,
    /// What the route needs. `None`: nothing but to be known.
    needed: Option<Needed>,
    /// Tokens issued before are void.
    void_before: Option<Timestamp>,
    verified: OnceLock<Arc<Principal>>,
}

enum Credential {
    Key(KeyHash),
    /// The secret of a third-party app.
    Client(KeyHash, AppId),
    /// Signed by a key that this isolate does not remember.
    Token(KeyHash, Arc<UnverifiedToken>),
    /// Nothing is left to verify: of the credential that is remembered by this hash.
    Known(Option<KeyHash>),
}

impl Caller {
    /// The caller who shows an API key or an access token; `bearer` is the text's.
    ///
    /// # Errors
    /// [`Denied`] when the text is neither, the token is not good, or one that is remembered lacks the scope.
    pub fn of_bearer(
        text: &str,
        Bearer { hash, token }: Bearer,
        needed: Needed,
        void_before: Option<Timestamp>,
        now: Timestamp,
        app: &App,
    ) -> Result<Caller, Denied> {
        let verifier = app.verifier();
        if let Some((tenant, principal)) = verifier.remembered.get(hash, now) {
            return Caller::of_principal(tenant, (hash, principal), needed, void_before);
        }
        let needed = Some(needed);
        if text.len() == ApiKeyClaim::LENGTH && text.starts_with(['p', 's']) {
            let claim: ApiKeyClaim = text.parse().map_err(|_| Denied::BadCredentials)?;
            let tenant = Tenant { organization: claim.organization, store: claim.store };
            let credential = Credential::Key(hash);
            return Ok(Caller { tenant, credential, needed, void_before, verified: OnceLock::new() });
        }
        let token = token.or_else(|| UnverifiedToken::read(text).map(Arc::new)).ok_or(Denied::BadCredentials)?;
        let tenant = token.tenant();
        let known = verifier.keys.get(app.databases.number_of(tenant.organization), &token.kid, now);
        let credential = Credential::Token(hash, token);
        let caller = Caller { tenant, credential, needed, void_before, verified: OnceLock::new() };
        if let Some(key) = known {
            caller.is_signed(&key, now, verifier)?;
            // Who signed it is known; whether its organization still does business must be too.
            if let Some(open) = verifier.open.get(tenant, now) {
                caller.is_not_void(&open)?;
                caller.settle_token(open, now, verifier)?;
            }
        }
        Ok(caller)
    }

    /// A third-party app that shows its secret: at the token endpoint, which asks for no scope.
    pub fn of_client(tenant: Tenant, app: AppId, secret: KeyHash) -> Caller {
        let credential = Credential::Client(secret, app);
        Caller { tenant, credential, needed: None, void_before: None, verified: OnceLock::new() }
    }

    /// Somebody who is known already.
    ///
    /// # Errors
    /// [`Denied`] when they were revoked, or lack the scope.
    pub(super) fn of_principal(
        tenant: Tenant,
        (hash, principal): (KeyHash, Arc<Principal>),
        needed: Needed,
        void_before: Option<Timestamp>,
    ) -> Result<Caller, Denied> {
        let (credential, needed) = (Credential::Known(Some(hash)), Some(needed));
        let caller = Caller { tenant, credential, needed, void_before, verified: OnceLock::new() };
        caller.admit(principal)?;
        Ok(caller)
    }

    /// The operator at the command line, who needs no key.
    pub fn operator(tenant: Tenant, currency: Currency) -> Caller {
        Caller::without_credential(tenant, currency, "operator".to_owned(), Scopes::of_new_key(KeyKind::Secret))
    }

    /// Whoever founds an organization, in the commit that does: nobody has a credential of it yet.
    pub fn founder(tenant: Tenant, currency: Currency, account: AccountId) -> Caller {
        Caller::without_credential(tenant, currency, account.to_string(), Scopes::NONE)
    }

    fn without_credential(tenant: Tenant, currency: Currency, actor: String, scopes: Scopes) -> Caller {
        let principal = Principal {
            actor,
            permissions: Permissions::new(scopes, &[]),
            currency,
            storefront: None,
            locales: Arc::default(),
            channel: None,
            person: None,
            impersonator: None,
            issued_at: None,
        };
        Caller {
            tenant,
            credential: Credential::Known(None),
            needed: None,
            void_before: None,
            verified: OnceLock::from(Arc::new(principal)),
        }
    }

    /// Whether it speaks by a token, which only Redis knows to be revoked.
    pub fn has_token(&self) -> bool {
        matches!(self.credential, Credential::Token(..))
            || self.verified().is_some_and(|principal| principal.issued_at.is_some())
    }

    pub fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// The name that no other caller of the tenant has: an account's or app's id, the hash of a key; of an
    /// impersonation both names.
    pub fn name(&self) -> String {
        let subject = match &self.credential {
            Credential::Token(_, token) => token.claims.sub.to_string(),
            Credential::Client(_, app) => app.to_string(),
            Credential::Key(hash) => hash.to_hex(),
            Credential::Known(hash) => match (self.verified(), hash) {
                // A key's id is not known before it is verified, so its hash is its name at all times.
                (Some(principal), Some(hash)) if principal.issued_at.is_none() => hash.to_hex(),
                (Some(principal), _) => principal.actor.clone(),
                (None, _) => String::new(),
            },
        };
        match self.impersonator() {
            Some(by) => format!("{by} as {subject}"),
            None => subject,
        }
    }

    /// What the route needs, where it has one.
    pub fn needed(&self) -> Option<Needed> {
        self.needed
    }

    /// Who acts in the person's name; like the person a claim until the caller is verified.
    pub fn impersonator(&self) -> Option<AccountId> {
        match &self.credential {
            Credential::Token(_, token) => token.impersonator(),
            Credential::Key(_) | Credential::Client(..) | Credential::Known(_) => self.verified()?.impersonator,
        }
    }

    /// Whom the token speaks for: as the tenant, a claim until the caller is verified.
    pub fn person(&self) -> Option<Person> {
        match &self.credential {
            Credential::Token(_, token) => token.person(),
            Credential::Key(_) | Credential::Client(..) | Credential::Known(_) => self.verified()?.person,
        }
    }

    /// What it may do: like the tenant a claim until it is verified. `None` of a key that is not, which no grants narrow.
    pub fn permissions(&self) -> Option<Cow<'_, Permissions>> {
        match (self.verified(), &self.credential) {
            (Some(principal), _) => Some(Cow::Borrowed(&principal.permissions)),
            (None, Credential::Token(_, token)) => Some(Cow::Owned(token.claims.access.permissions())),
            (None, Credential::Key(_) | Credential::Client(..) | Credential::Known(_)) => None,
        }
    }

    /// The channel that it is shown: that of its key, or the only one that its grants are for with the route's scope.
    /// Before it is verified, what its token claims, or what its key was of when it was last heard of: that never changes.
    pub fn channel(&self, verifier: &Verifier) -> Option<ChannelId> {
        let of_key = match (self.verified(), &self.credential) {
            (Some(principal), _) => principal.channel,
            (None, Credential::Token(_, token)) => token.claims.access.chan,
            (None, Credential::Key(hash)) => verifier.remembered.channel_once(*hash),
            (None, Credential::Client(..) | Credential::Known(_)) => None,
        };
        of_key.or_else(|| self.permissions()?.only_channel(self.needed?.scope, self.tenant.store))
    }

    pub fn verified(&self) -> Option<&Arc<Principal>> {
        self.verified.get()
    }

    /// What is known here of the key that is shown, for other isolates.
    pub fn lent(&self, verifier: &Verifier, now: Timestamp) -> Option<String> {
        match self.credential {
            Credential::Key(hash) | Credential::Known(Some(hash)) => verifier.lend(hash, now),
            Credential::Client(..) | Credential::Token(..) | Credential::Known(None) => None,
        }
    }

    /// The statement that finds the key, or the key that signed the token.
    pub fn verification(&self, now: Timestamp) -> Option<Statement> {
        match &self.credential {
            Credential::Key(hash) => Some(api_key::verify(self.tenant, hash, now)),
            Credential::Client(hash, id) => Some(app::verify(self.tenant, *id, hash, now)),
            Credential::Token(hash, token) => {
                Some(keys::verifying_key(self.tenant, &token.kid, &subjects_of(token, *hash), now))
            }
            Credential::Known(_) => None,
        }
    }

    /// Takes the answer of [`verification`](Caller::verification) by the database of the caller's organization.
    ///
    /// # Errors
    /// [`Halt`] when the credential is not good, or lacks the route's scope.
    pub fn settle(&self, found: &Rows, now: Timestamp, app: &App) -> Result<(), Halt> {
        let verifier = app.verifier();
        let bad = Halt::Denied(Denied::BadCredentials);
        let Some(row) = found.first() else { return Err(bad) };
        match &self.credential {
            Credential::Key(hash) => {
                open_only(row)?;
                let (principal, expires_at) = api_key::principal(row)?;
                let principal = Arc::new(principal);
                let open = Open::from(now, principal.storefront.clone(), Arc::clone(&principal.locales));
                verifier.found(self.tenant, open, row)?;
                verifier.remembered.put(*hash, self.tenant, &principal, now, expires_at);
                self.admit(principal).map_err(Halt::Denied)
            }
            Credential::Client(..) => {
                open_only(row)?;
                self.admit(Arc::new(app::principal(row)?)).map_err(Halt::Denied)
            }
            Credential::Token(_, token) => {
                let Some(key) = PublicKey::from_base64(row.get("public_key")?) else { return Err(bad) };
                let database = app.databases.number_of(self.tenant.organization);
                verifier.keys.put(database, &token.kid, key.clone(), now);
                self.is_signed(&key, now, verifier).map_err(Halt::Denied)?;
                let open = verifier.opened(token, row, now)?;
                self.settle_token(open, now, verifier).map_err(Halt::Denied)
            }
            Credential::Known(_) => Ok(()),
        }
    }

    fn is_signed(&self, key: &PublicKey, now: Timestamp, verifier: &Verifier) -> Result<(), Denied> {
        let Credential::Token(_, token) = &self.credential else { return Ok(()) };
        if token.is_good(key, &verifier.issuer, now) { Ok(()) } else { Err(Denied::BadCredentials) }
    }

    fn is_not_void(&self, open: &Open) -> Result<(), Denied> {
        match &self.credential {
            Credential::Token(hash, token) if open.voids(token, *hash) => Err(Denied::BadCredentials),
            _ => Ok(()),
        }
    }

    /// Takes a token that is signed and not void, of a tenant that does business.
    fn settle_token(&self, open: Open, now: Timestamp, verifier: &Verifier) -> Result<(), Denied> {
        let Credential::Token(hash, token) = &self.credential else { return Ok(()) };
        let claims = &token.claims;
        let principal = Arc::new(Principal {
            actor: claims.sub.to_string(),
            permissions: claims.access.permissions(),
            currency: claims.access.currency,
            storefront: open.storefront,
            locales: open.locales,
            channel: claims.access.chan,
            person: token.person(),
            impersonator: token.impersonator(),
            issued_at: Some(Timestamp::from_millis(claims.access.iat_ms)),
        });
        let ends = claims.exp.saturating_add(LEEWAY_SECONDS).saturating_mul(1_000);
        let ends = Timestamp::from_millis(ends).min(open.until);
        verifier.remembered.put(*hash, self.tenant, &principal, now, Some(ends));
        self.admit(principal)
    }

    fn admit(&self, principal: Arc<Principal>) -> Result<(), Denied> {
        if self.void_before.is_some_and(|moment| principal.issued_at.is_some_and(|issued| issued < moment)) {
            return Err(Denied::BadCredentials);
        }
        // A grant that is narrowed to less than the store opens no route that does not look at it.
        if let Some(needed) = self.needed.filter(|needed| !needed.is_met_by(&principal.permissions, self.tenant.store))
        {
            return Err(Denied::MissingScope(needed.scope));
        }
        self.verified.get_or_init(|| principal);
        Ok(())
    }
}

/// Tenants found to do business in the last 30 s: a token says nothing of that.
#[derive(Default)]
struct OpenTenants(Mutex<HashMap<Tenant, Open>>);

/// A tenant that does business.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// Until when that is believed.
    until: Timestamp,
    storefront: Option<BaseUrl>,
    locales: Arc<Locales>,
    voids: Voids,
}

impl Open {
    fn from(now: Timestamp, storefront: Option<BaseUrl>, locales: Arc<Locales>) -> Open {
        let until = now.checked_add_millis(REMEMBERED_MILLIS).unwrap_or(now);
        Open { until, storefront, locales, voids: Voids::default() }
    }

    /// Whether the tenant's database has said that the token is void.
    pub(super) fn voids(&self, token: &UnverifiedToken, hash: KeyHash) -> bool {
        self.voids.before(&subjects_of(token, hash)).is_some_and(|moment| token.claims.is_void(moment))
    }
}

impl OpenTenants {
    /// `None` where it is to be asked.
    fn get(&self, tenant: Tenant, now: Timestamp) -> Option<Open> {
        let open = self.once(tenant)?;
        // A clock that was set back must not make it longer.
        let left = open.until.millis().saturating_sub(now.millis());
        (1..=REMEMBERED_MILLIS).contains(&left).then_some(open)
    }

    /// What was found, however long ago.
    fn once(&self, tenant: Tenant) -> Option<Open> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&tenant).cloned()
    }

    fn found(&self, tenant: Tenant, open: Open) -> Open {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED <= all.len() {
            all.clear();
        }
        all.insert(tenant, open.clone());
        open
    }
}

/// Credentials found good in the last 30 s, so that most requests spend nothing on them. Keyed by the hash of
/// the whole text: a guess does not come closer by timing.
#[derive(Default)]
struct Remembered(Mutex<HashMap<KeyHash, Entry>>);

struct Entry {
    /// What the text says: reading it again would cost more than finding it here.
    tenant: Tenant,
    principal: Arc<Principal>,
    since: Timestamp,
    until: Timestamp,
}

impl Remembered {
    fn get(&self, hash: KeyHash, now: Timestamp) -> Option<(Tenant, Arc<Principal>)> {
        self.entry(hash, now).map(|(tenant, principal, _)| (tenant, principal))
    }

    fn entry(&self, hash: KeyHash, now: Timestamp) -> Option<(Tenant, Arc<Principal>, (Timestamp, Timestamp))> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.get(&hash).filter(|entry| entry.since <= now && now < entry.until)?;
        Some((entry.tenant, Arc::clone(&entry.principal), (entry.since, entry.until)))
    }

    /// The channel of a key, however long ago it was found good.
    fn channel_once(&self, hash: KeyHash) -> Option<ChannelId> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&hash).and_then(|entry| entry.principal.channel)
    }

    /// For 30 s, but no longer than the credential itself lives.
    fn put(
        &self,
        hash: KeyHash,
        tenant: Tenant,
        principal: &Arc<Principal>,
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) {
        let soon = now.checked_add_millis(REMEMBERED_MILLIS).unwrap_or(now);
        let until = expires_at.map_or(soon, |end| end.min(soon));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED <= all.len() {
            all.clear();
        }
        all.insert(hash, Entry { tenant, principal: Arc::clone(principal), since: now, until });
    }
}
