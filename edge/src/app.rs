//! The application: its ports ([`App`]), and one request's view of them ([`Ctx`]).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use headlesspro_shared::identity::{HashParameters, RecordId, Resource, Role, Scope};
use headlesspro_shared::kernel::id::{AccountId, ChannelId, Id, Kind, LocationId, OrganizationId, StoreId};
use headlesspro_shared::kernel::locale::Locales;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::{Class, Limits};
use headlesspro_shared::notifications::BaseUrl;
use headlesspro_shared::organizations::SignUp;

use crate::cache::ResponseCache;
use crate::cart::OfferCache;
use crate::extract::Arrival;
use crate::failure::{Denied, Failure, Halt};
use crate::identity::{Caller, NoteUse, Person, Principal, Verifier, note_use};
use crate::limits::{Admission, Claims, ClientAddress, Joint, Limiter, Postponed};
use crate::port::blob::Bucket;
use crate::port::clock::Clock;
use crate::port::defer::Defer;
use crate::port::entropy::{Entropy, NoEntropy};
use crate::port::fetch::tenants::TenantFetch;
use crate::port::kv::{Command, Kv, KvError, Reply, Script};
use crate::port::mailer::Mailer;
use crate::port::purger::CachePurger;
use crate::port::shared_cache::SharedCache;
use crate::port::sql::{Commit, Committed, Databases, Rows, SqlError, Statement};
use crate::vault::Vault;

/// The ports, and what one isolate or process remembers. Built once; holds nothing of a request.
pub struct App {
    /// Where organizations live. A request's is its tenant's, which [`Ctx`] asks.
    pub databases: Databases,
    pub kv: Arc<dyn Kv>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub vault: Vault,
    /// How passwords are hashed from now on.
    pub password_hashing: HashParameters,
    verifier: Verifier,
    offers: OfferCache,
    answers: ResponseCache,
    answers_kept_for: Duration,
    shared_cache: Option<Arc<dyn SharedCache>>,
    shares_pages: bool,
    tells_of_writes: bool,
    cdn: Option<Arc<dyn CachePurger>>,
    limiter: Limiter,
    mailer: Option<Arc<dyn Mailer>>,
    tenant_fetch: Option<TenantFetch>,
    provider_fetch: Option<TenantFetch>,
    /// Where Stripe's API is, without a slash at the end.
    pub stripe_url: String,
    media: Option<Bucket>,
    storefront: BaseUrl,
    sign_up: SignUp,
}

/// What only this installation knows, and the name it signs with.
pub struct Secrets {
    pub vault: Vault,
    /// The `iss` of access tokens: the origin the API is reached at.
    pub issuer: String,
    /// How passwords are hashed from now on.
    pub password_hashing: HashParameters,
}

/// Why the secrets cannot be used. Names settings, never their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecrets {
    #[error(transparent)]
    Vault(#[from] crate::vault::InvalidSecrets),
    #[error(
        "PASSWORD_HASHING must be such as $argon2id$v=19$m=19456,t=2,p=1, with 65536 (64 MiB) as the most of m, or \
         $pbkdf2-sha256$i=N with as many rounds N as a request has CPU time for"
    )]
    PasswordHashing,
}

impl Secrets {
    /// What access tokens say of where they come from, unless the deployment has a name.
    const DEFAULT_ISSUER: &str = "headlesspro";

    /// From the settings `MASTER_KEYS` and `LOOKUP_KEY`, and, where they are set, `ISSUER` and
    /// `PASSWORD_HASHING`.
    ///
    /// # Errors
    /// [`InvalidSecrets`].
    pub fn from_settings(
        master_keys: &str,
        lookup_key: &str,
        issuer: Option<String>,
        password_hashing: Option<String>,
    ) -> Result<Secrets, InvalidSecrets> {
        let is_set = |value: &String| !value.is_empty();
        let secrets = Secrets {
            vault: Vault::from_settings(master_keys, lookup_key)?,
            issuer: issuer.filter(is_set).unwrap_or_else(|| Secrets::DEFAULT_ISSUER.to_owned()),
            password_hashing: HashParameters::DEFAULT,
        };
        secrets.hashing_passwords_by(&password_hashing.unwrap_or_default())
    }

    /// The same secrets, with passwords hashed as the setting `PASSWORD_HASHING` says; as before where it is empty.
    ///
    /// # Errors
    /// [`InvalidSecrets::PasswordHashing`].
    pub fn hashing_passwords_by(mut self, setting: &str) -> Result<Secrets, InvalidSecrets> {
        if !setting.is_empty() {
            let parsed = setting.parse().ok().filter(HashParameters::is_sound);
            self.password_hashing = parsed.ok_or(InvalidSecrets::PasswordHashing)?;
        }
        Ok(self)
    }
}

impl App {
    /// How old an answer of the catalog's may be at most that this isolate or process kept: what a write elsewhere
    /// does not reach is shown for so long.
    /// Where Stripe's API is.
    pub const STRIPE_URL: &str = "https://api.stripe.com";

    pub const ANSWERS_KEPT_FOR: Duration = Duration::from_secs(10);

    pub fn new(
        databases: impl Into<Databases>,
        kv: Arc<dyn Kv>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        secrets: Secrets,
    ) -> App {
        let Secrets { vault, issuer, password_hashing } = secrets;
        let (verifier, offers) = (Verifier::new(issuer), OfferCache::default());
        let limiter = Limiter::new(Limits::default());
        let storefront = verifier.issuer.parse().unwrap_or_else(|_| BaseUrl::local());
        App {
            databases: databases.into(),
            kv,
            clock,
            entropy,
            vault,
            password_hashing,
            verifier,
            offers,
            answers: ResponseCache::default(),
            answers_kept_for: App::ANSWERS_KEPT_FOR,
            shared_cache: None,
            shares_pages: false,
            tells_of_writes: false,
            cdn: None,
            limiter,
            mailer: None,
            tenant_fetch: None,
            provider_fetch: None,
            stripe_url: App::STRIPE_URL.to_owned(),
            media: None,
            storefront,
            sign_up: SignUp::default(),
        }
    }

    /// The same application with other rate limits than the defaults.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> App {
        self.limiter = Limiter::new(limits);
        self
    }

    /// The same application with somebody who sends its mail.
    #[must_use]
    pub fn with_mailer(mut self, mailer: Arc<dyn Mailer>) -> App {
        self.mailer = Some(mailer);
        self
    }

    /// The same application with somewhere to keep files.
    #[must_use]
    pub fn with_media(mut self, bucket: Bucket) -> App {
        self.media = Some(bucket);
        self
    }

    /// `None`: there are no files.
    pub fn media(&self) -> Option<&Bucket> {
        self.media.as_ref()
    }

    /// The same application with its links leading there; else they lead to the issuer.
    #[must_use]
    pub fn with_storefront(mut self, storefront: BaseUrl) -> App {
        self.storefront = storefront;
        self
    }

    /// The same application, where anybody may found an organization or nobody.
    #[must_use]
    pub fn with_sign_up(mut self, sign_up: SignUp) -> App {
        self.sign_up = sign_up;
        self
    }

    /// The same application, which keeps answers of the catalog for so long; nothing at all with zero.
    #[must_use]
    pub fn keeping_answers_for(mut self, time: Duration) -> App {
        self.answers_kept_for = time;
        self
    }

    /// The same application, whose isolates share what they have read of a catalog.
    #[must_use]
    pub fn with_shared_cache(mut self, cache: Arc<dyn SharedCache>) -> App {
        self.shared_cache = Some(cache);
        self
    }

    pub fn shared_cache(&self) -> Option<&Arc<dyn SharedCache>> {
        self.shared_cache.as_ref()
    }

    /// The same application, whose isolates share what they have read of a catalog through Redis.
    #[must_use]
    pub fn sharing_pages(mut self) -> App {
        self.shares_pages = true;
        self.telling_of_writes()
    }

    /// The same application, beside others that share answers through the same Redis: they are told of each write of a
    /// catalog, which costs a command.
    #[must_use]
    pub fn telling_of_writes(mut self) -> App {
        self.tells_of_writes = true;
        self
    }

    pub fn tells_of_writes(&self) -> bool {
        self.tells_of_writes
    }

    /// Whether isolates share answers through Redis. Not where nothing is to be kept.
    pub fn shares_pages(&self) -> bool {
        self.shares_pages && !self.answers_kept_for.is_zero()
    }

    /// The same application behind a CDN that takes answers back when it is told to.
    #[must_use]
    pub fn with_cdn(mut self, cdn: Arc<dyn CachePurger>) -> App {
        self.cdn = Some(cdn);
        self
    }

    pub fn cdn(&self) -> Option<&Arc<dyn CachePurger>> {
        self.cdn.as_ref()
    }

    /// Answers that are kept, and for how long.
    pub fn answers(&self) -> (&ResponseCache, Duration) {
        (&self.answers, self.answers_kept_for)
    }

    pub fn sign_up(&self) -> SignUp {
        self.sign_up
    }

    /// Where the links in mails lead.
    pub fn storefront(&self) -> &BaseUrl {
        &self.storefront
    }

    /// The same application with somebody who calls the issuers that tenants name.
    #[must_use]
    pub fn with_tenant_fetch(mut self, fetch: TenantFetch) -> App {
        self.tenant_fetch = Some(fetch);
        self
    }

    /// `None`: no issuer is called, and no identity provider can be set up.
    pub fn tenant_fetch(&self) -> Option<&TenantFetch> {
        self.tenant_fetch.as_ref()
    }

    /// The same application with somebody who calls the providers that stores ask.
    #[must_use]
    pub fn with_provider_fetch(mut self, fetch: TenantFetch) -> App {
        self.provider_fetch = Some(fetch);
        self
    }

    /// `None`: nobody is asked, and no provider of taxes or shipping rates can be set up.
    pub fn provider_fetch(&self) -> Option<&TenantFetch> {
        self.provider_fetch.as_ref()
    }

    /// `None`: mails stay queued.
    pub fn mailer(&self) -> Option<&Arc<dyn Mailer>> {
        self.mailer.as_ref()
    }

    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

/// Whose data a statement may touch. Every statement on a tenant-owned table binds the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenant {
    pub organization: OrganizationId,
    pub store: StoreId,
}

impl Tenant {
    /// `sql` with the organization bound as `?1` and the store as `?2`.
    pub fn statement(self, sql: &'static str) -> Statement {
        Statement::new(sql).bind(self.organization.to_string()).bind(self.store.to_string())
    }
}

/// Round trips spent so far, for `Server-Timing`, and the catalog's version, for `Catalog-Version`.
#[derive(Debug, Default)]
pub struct Spent {
    sql: AtomicU32,
    kv: AtomicU32,
    /// For another issuer's word.
    issuer: AtomicU32,
    /// Questions to providers of the merchant's.
    provider: AtomicU32,
    /// Of the catalog, as the answer shows it or the commit made it; 0: the answer is about something else.
    catalog_version: AtomicI64,
}

impl Spent {
    pub fn sql(&self) -> u32 {
        self.sql.load(Ordering::Relaxed)
    }

    pub fn kv(&self) -> u32 {
        self.kv.load(Ordering::Relaxed)
    }

    pub fn issuer(&self) -> u32 {
        self.issuer.load(Ordering::Relaxed)
    }

    /// Counts a round trip for another issuer's word: to the database, to find whom its token is about, to Redis or to
    /// the issuer, for its keys.
    pub fn add_issuer(&self) {
        Spent::add(&self.issuer);
    }

    pub fn provider(&self) -> u32 {
        self.provider.load(Ordering::Relaxed)
    }

    /// Counts a question to a provider of the merchant's, of taxes or shipping rates.
    pub fn add_provider(&self) {
        Spent::add(&self.provider);
    }

    /// Counts round trips to Redis that are no [`Ctx`]'s.
    pub fn add_kv(&self, round_trips: u32) {
        self.kv.fetch_add(round_trips, Ordering::Relaxed);
    }

    /// The version of the catalog that the answer shows, or has made.
    pub fn catalog_version(&self) -> Option<i64> {
        Some(self.catalog_version.load(Ordering::Relaxed)).filter(|version| 0 < *version)
    }

    pub fn tell_catalog_version(&self, version: i64) {
        self.catalog_version.fetch_max(version, Ordering::Relaxed);
    }

    /// Counts a round trip to the database that is no [`Ctx`]'s.
    pub fn add_sql(&self) {
        Spent::add(&self.sql);
    }

    fn add(counter: &AtomicU32) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// One request: who asks, for which tenant, when; and the ports, metered.
///
/// A caller is a claim until its key has been found in the database, which is that of the organization it claims.
/// [`Ctx::read`] verifies in the same round trip as it reads; [`Ctx::commit`] and the Redis calls verify before they
/// change anything.
#[derive(Clone)]
pub struct Ctx {
    app: Arc<App>,
    caller: Arc<Caller>,
    spent: Arc<Spent>,
    defer: Option<Arc<dyn Defer>>,
    postponed: Option<Arc<Postponed>>,
    /// By which it was counted, where it writes.
    claims: Option<Arc<Claims>>,
    /// Whether reads are to see every commit there is.
    is_current: bool,
    pub now: Timestamp,
    pub request_id: Arc<str>,
}

impl Ctx {
    pub fn new(app: Arc<App>, caller: Arc<Caller>, spent: Arc<Spent>, now: Timestamp, request_id: Arc<str>) -> Ctx {
        Ctx { app, caller, spent, defer: None, postponed: None, claims: None, is_current: false, now, request_id }
    }

    /// A request of this moment, whose handler has found out who is calling.
    pub fn of_arrival(app: Arc<App>, caller: Caller, arrival: &Arrival) -> Ctx {
        let now = app.clock.now();
        Ctx::new(app, Arc::new(caller), Arc::clone(&arrival.spent), now, Arc::clone(&arrival.request_id))
            .deferring(arrival.defer.clone())
            .postponing(arrival.postponed.clone())
    }

    /// The same request, on a host that works on after the response.
    #[must_use]
    pub fn deferring(mut self, defer: Option<Arc<dyn Defer>>) -> Ctx {
        self.defer = defer;
        self
    }

    /// The same request, whose limits are still to be asked for.
    #[must_use]
    pub fn postponing(mut self, postponed: Option<Arc<Postponed>>) -> Ctx {
        self.postponed = postponed;
        self
    }

    /// The same request, which was counted by these claims.
    #[must_use]
    pub fn claiming(mut self, claims: Option<Arc<Claims>>) -> Ctx {
        self.claims = claims;
        self
    }

    /// Counts so many guesses at a secret, each as a request of the class `auth`; of a route that writes.
    ///
    /// # Errors
    /// [`Halt`] where a limit is reached: then nothing may be told of what was guessed.
    pub async fn count_guesses(&self, guesses: usize) -> Result<(), Halt> {
        let Some(claims) = self.claims.as_deref() else { return Ok(()) };
        let claims = Claims { class: Class::Auth, revocations: Vec::new(), ..claims.clone() };
        for _ in 0..guesses {
            let admission = self.app.limiter.admit(&*self.app.kv, &*self.app.clock, &claims).await;
            self.spent.add_kv(admission.round_trips);
            let_in(&admission)?;
        }
        Ok(())
    }

    /// Where the request comes from, as it is counted; of a route that writes, where the platform tells it.
    pub fn network_address(&self) -> Option<String> {
        self.claims.as_ref()?.address.map(ClientAddress::counted_as)
    }

    /// The same request, whose reads see every commit there is: from the primary, where the database has replicas.
    #[must_use]
    pub fn reading_what_is_current(mut self) -> Ctx {
        self.is_current = true;
        self
    }

    pub fn is_current(&self) -> bool {
        self.is_current
    }

    /// Of what depends on what is read: the first attempt sees what a replica says, where there is one, which is older
    /// by a moment; the others see every commit there is.
    pub fn attempts(&self) -> impl Iterator<Item = Ctx> + use<> {
        const ATTEMPTS: usize = 4;
        let mut next = Some(self.clone());
        std::iter::from_fn(move || {
            let ctx = next.take()?;
            next = Some(ctx.clone().reading_what_is_current());
            Some(ctx)
        })
        .take(ATTEMPTS)
    }

    /// What an attempt came to. `None` where another one may come to something else: somebody was quicker, which the
    /// attempt says by `None`, or it was refused for what a replica says, which may be no more.
    pub fn settles<T, E>(&self, attempt: Result<Option<T>, Failure<E>>) -> Option<Result<T, Failure<E>>> {
        match attempt {
            Err(Failure::NotFound | Failure::Rejected(_)) if !self.is_current => None,
            attempt => attempt.transpose(),
        }
    }

    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Has `work` done after the response, where the host can. Nothing may depend on it.
    pub fn later(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(defer) = &self.defer {
            defer.defer(Box::pin(work));
        }
    }

    /// What the request has spent so far.
    pub fn spent(&self) -> &Spent {
        &self.spent
    }

    pub fn tenant(&self) -> Tenant {
        self.caller.tenant()
    }

    /// Whom the caller's token speaks for; like the tenant a claim, which every read and commit verifies.
    pub fn person(&self) -> Option<Person> {
        self.caller.person()
    }

    pub fn is_verified(&self) -> bool {
        self.caller.verified().is_some()
    }

    /// Offers remembered in this isolate; for verified callers only.
    pub fn offers(&self) -> &OfferCache {
        &self.app.offers
    }

    /// A new id of this moment.
    ///
    /// # Errors
    /// [`NoEntropy`] when the host has no randomness.
    pub fn new_id<K: Kind>(&self) -> Result<Id<K>, NoEntropy> {
        self.random().map(|random| Id::new(self.now, random))
    }

    /// Ten random bytes, for an id.
    ///
    /// # Errors
    /// [`NoEntropy`] when the host has no randomness.
    pub fn random(&self) -> Result<[u8; 10], NoEntropy> {
        let mut random = [0; 10];
        self.app.entropy.fill(&mut random)?;
        Ok(random)
    }

    /// The verified caller: from memory, or by one SQL round trip.
    ///
    /// # Errors
    /// [`Halt`] when the key is not good, lacks the route's scope, or the database does not answer.
    pub async fn principal(&self) -> Result<&Principal, Halt> {
        if self.caller.verified().is_none() {
            self.read(Vec::new()).await?;
        }
        self.caller.verified().map(Arc::as_ref).ok_or(Halt::Denied(Denied::BadCredentials))
    }

    /// Asks for a scope beyond the route's, for what only some callers may ask of it.
    ///
    /// # Errors
    /// [`Halt`] when the key does not carry it.
    pub async fn require(&self, scope: Scope) -> Result<(), Halt> {
        let principal = self.principal().await?;
        let store = Resource::of_store(self.tenant().store);
        principal.permissions.allows(scope, &store).map_err(|_| Halt::Denied(Denied::MissingScope(scope)))
    }

    /// Whether a caller that is verified has a scope beyond the route's for the store, so that it is shown more.
    pub fn may(&self, scope: Scope) -> bool {
        let store = Resource::of_store(self.tenant().store);
        self.caller.verified().is_some_and(|principal| principal.permissions.allows(scope, &store).is_ok())
    }

    /// Asks for a scope beyond the route's over the whole organization.
    ///
    /// # Errors
    /// [`Halt`] when the caller does not have it there.
    pub async fn require_everywhere(&self, scope: Scope) -> Result<(), Halt> {
        let everywhere = self.principal().await?.permissions.allows(scope, &Resource::of_organization());
        everywhere.map_err(|_| Halt::Denied(Denied::MissingScope(scope)))
    }

    /// Whether the caller's grants reach `resource` with the route's scope: for a route of
    /// [`Access::Record`](crate::routes::Access::Record), before its answer says anything.
    ///
    /// # Errors
    /// [`Halt`] when the credential is not good or the database does not answer.
    pub async fn reaches(&self, resource: &Resource) -> Result<bool, Halt> {
        let Some(needed) = self.caller.needed() else { return Ok(true) };
        Ok(self.principal().await?.permissions.allows(needed.scope, resource).is_ok())
    }

    /// The same of a part of `resource`: of one of the channels that it is in, which is enough to see it.
    ///
    /// # Errors
    /// As [`reaches`](Ctx::reaches).
    pub async fn reaches_part(&self, resource: &Resource) -> Result<bool, Halt> {
        let Some(needed) = self.caller.needed() else { return Ok(true) };
        Ok(self.principal().await?.permissions.allows_in_part(needed.scope, resource).is_ok())
    }

    /// The store's record, which the caller's grants reach with the route's scope.
    ///
    /// # Errors
    /// [`Failure::NotFound`] where they do not, and those of [`reaches`](Ctx::reaches).
    pub async fn reach<E>(&self, record: impl Into<RecordId>) -> Result<(), Failure<E>> {
        let resource = Resource::of_store(self.tenant().store).record(record);
        if self.reaches(&resource).await? { Ok(()) } else { Err(Failure::NotFound) }
    }

    /// The channels that a list is narrowed to: for a route of [`Access::Channel`](crate::routes::Access::Channel). `None`:
    /// to none, the route's scope is held for the store. Like the tenant a claim, which the read verifies.
    pub fn channels(&self) -> Option<BTreeSet<ChannelId>> {
        let scope = self.caller.needed()?.scope;
        self.caller.permissions()?.channels(scope, self.tenant().store)
    }

    /// The locations that a list is narrowed to: for a route of [`Access::Location`](crate::routes::Access::Location). As
    /// [`channels`](Ctx::channels).
    pub fn locations(&self) -> Option<BTreeSet<LocationId>> {
        let scope = self.caller.needed()?.scope;
        self.caller.permissions()?.locations(scope, self.tenant().store)
    }

    /// Where the links in mails to an account of this role lead. A customer's lead where the caller's store says, else
    /// where the deployment does: to be asked after the first read, which says so. Those of the staff open more than
    /// the store, so that no store says where they lead.
    pub fn storefront_of(&self, role: Role) -> &BaseUrl {
        let principal = self.caller.verified().filter(|_| role == Role::Customer);
        principal.and_then(|principal| principal.storefront.as_ref()).unwrap_or_else(|| self.app.storefront())
    }

    /// The locales of the caller's store: once it is verified, those that hold; before, those that it had when this
    /// isolate last heard of it, if ever.
    pub fn locales(&self) -> Arc<Locales> {
        match self.caller.verified() {
            Some(principal) => Arc::clone(&principal.locales),
            None => self.app.verifier.locales_once(self.tenant()).unwrap_or_default(),
        }
    }

    /// The channel that the caller is shown, where it is one: once the caller is verified, that of its key or session;
    /// before, a guess, which [`Ctx::read_in_channel`] does without.
    pub fn channel(&self) -> Option<ChannelId> {
        self.caller.channel(&self.app.verifier)
    }

    /// The caller's name among all callers of the tenant: another account, app, service or key has another. Like the
    /// tenant a claim, which every read and commit verifies.
    pub fn caller_name(&self) -> String {
        self.caller.name()
    }

    /// What is known here of the key that is shown, for other isolates.
    pub fn lent(&self) -> Option<String> {
        self.caller.lent(&self.app.verifier, self.now)
    }

    /// Who acts in the person's name, where this is an impersonation; like the person a claim until verified.
    pub fn impersonator(&self) -> Option<AccountId> {
        self.caller.impersonator()
    }

    /// Reads in one round trip, and verifies the caller in the same one where that is still to be done.
    ///
    /// # Errors
    /// [`Halt`] when the caller may not, or the database does not answer.
    pub async fn read(&self, mut statements: Vec<Statement>) -> Result<Vec<Rows>, Halt> {
        let verification = match self.caller.verified() {
            None => self.caller.verification(self.now),
            Some(_) => None,
        };
        let verify = verification.is_some();
        if let Some(postponed) = &self.postponed {
            let (limiter, kv, clock) = (&self.app.limiter, &*self.app.kv, &*self.app.clock);
            let_in(&postponed.settle(limiter, kv, clock).await)?;
        }
        if let Some(verification) = verification {
            statements.insert(0, verification);
        }
        Spent::add(&self.spent.sql);
        let sql = self.app.databases.of(self.tenant().organization);
        let mut answers = if !self.is_current {
            sql.read(statements).await?
        } else {
            match sql.read_current(statements.clone()).await {
                // A replica whose stream to the primary has just ended. Of a read nothing happens twice.
                Err(SqlError::Unavailable(reason)) => {
                    log::warn!("what is current is read again: {reason}");
                    Spent::add(&self.spent.sql);
                    sql.read_current(statements).await?
                }
                answered => answered?,
            }
        };
        if verify {
            let found = if answers.is_empty() { Rows::default() } else { answers.remove(0) };
            self.caller.settle(&found, self.now, &self.app)?;
            self.note_use();
        }
        Ok(answers)
    }

    /// As [`read`](Ctx::read), of what the caller's channel decides on: a second time where a key was verified by the
    /// first read that this isolate has not heard of, and is of a channel.
    ///
    /// # Errors
    /// As [`read`](Ctx::read).
    pub async fn read_in_channel(
        &self,
        statements: &(dyn Fn(Option<ChannelId>) -> Vec<Statement> + Sync),
    ) -> Result<Vec<Rows>, Halt> {
        let guess = self.channel();
        let rows = self.read(statements(guess)).await?;
        match self.channel() {
            channel if channel != guess => self.read(statements(channel)).await,
            _ => Ok(rows),
        }
    }

    /// A key's last use, to within the time that it is remembered.
    fn note_use(&self) {
        let Some(principal) = self.caller.verified().filter(|principal| principal.issued_at.is_none()) else { return };
        let note = NoteUse { organization: self.tenant().organization, key: principal.actor.clone(), now: self.now };
        let app = Arc::clone(&self.app);
        self.later(async move { note_use(&app, note).await });
    }

    /// Commits in one round trip.
    ///
    /// # Errors
    /// [`Halt`] when the caller may not, or the database does not answer.
    pub async fn commit(&self, commit: &Commit) -> Result<Committed, Halt> {
        self.principal().await?;
        Spent::add(&self.spent.sql);
        Ok(self.app.databases.of(self.tenant().organization).commit(commit).await?)
    }

    /// One Redis command.
    ///
    /// # Errors
    /// [`Halt`] when the caller may not, or Redis does not answer.
    pub async fn kv(&self, command: Command) -> Result<Reply, Halt> {
        self.principal().await?;
        Spent::add(&self.spent.kv);
        let reply = self.app.kv.pipeline(vec![command]).await?.into_iter().next();
        reply.ok_or_else(|| Halt::from(KvError::Garbage("no reply".to_owned())))
    }

    /// Redis commands in one round trip; none at all without a command.
    ///
    /// # Errors
    /// [`Halt`] when the caller may not, or Redis does not answer.
    pub async fn pipeline(&self, commands: Vec<Command>) -> Result<Vec<Reply>, Halt> {
        self.principal().await?;
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        Spent::add(&self.spent.kv);
        Ok(self.app.kv.pipeline(commands).await?)
    }

    /// One of the project's own Redis scripts.
    ///
    /// # Errors
    /// [`Halt`] when the caller may not, or Redis does not answer.
    pub async fn script(&self, script: &'static Script, keys: Vec<String>, args: Vec<String>) -> Result<Reply, Halt> {
        self.principal().await?;
        Spent::add(&self.spent.kv);
        Ok(self.app.kv.script(script, keys, args).await?)
    }

    /// Decides something in the round trip that asks for the request's limits, where those are postponed. It comes
    /// first of all, and its caller is only a claim: nothing may be decided that anybody could not have decided for
    /// them.
    ///
    /// # Errors
    /// [`Halt`] when the request is refused, or Redis does not answer.
    pub async fn decide_first(&self, joint: &Joint) -> Result<Reply, Halt> {
        let (limiter, kv) = (&self.app.limiter, &*self.app.kv);
        let Some(postponed) = &self.postponed else {
            Spent::add(&self.spent.kv);
            return Ok(joint.decide(kv, self.now).await?);
        };
        let (admission, decided) = postponed.settle_with(limiter, kv, self.now, joint).await;
        let_in(&admission)?;
        decided?.ok_or_else(|| Halt::from(KvError::Garbage("nothing was decided".to_owned())))
    }
}

fn let_in(admission: &Admission) -> Result<(), Halt> {
    match admission.decision.refused {
        None => Ok(()),
        Some((subject, wait)) => Err(Halt::Denied(Denied::Limited { subject, seconds: wait.seconds() })),
    }
}
