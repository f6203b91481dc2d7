//! A caller: first a claim, then a principal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use headlesspro_shared::identity::{ApiKeyClaim, KeyKind, Scope, Scopes};
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use sha2::{Digest, Sha256};

use super::store;
use crate::app::Tenant;
use crate::failure::{Denied, Halt};
use crate::limits::Payer;
use crate::port::sql::{Rows, Statement};

/// How long a verified key is remembered: the bound on a revocation's delay, in milliseconds.
const REMEMBERED_MILLIS: i64 = 30_000;

/// At most this many keys are remembered; then all are forgotten and verified anew.
const REMEMBERED_KEYS: usize = 4_096;

/// SHA-256 of a key's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub fn hash_of(key: &str) -> KeyHash {
    KeyHash(Sha256::digest(key.as_bytes()).into())
}

/// Whom a request with this credential is counted for, before anybody is asked whether it is good; its
/// organization only where this isolate remembers that it is. `None`: it is no credential at all.
pub fn countable(key: &str, now: Timestamp, cache: &PrincipalCache) -> Option<(Payer, Option<OrganizationId>)> {
    // As long as a key is: a text of any length must not be hashed.
    let hash = (key.len() == ApiKeyClaim::LENGTH).then(|| hash_of(key))?;
    let organization = cache.get(hash, now).map(|remembered| remembered.claim.organization);
    Some((Payer::Key(hash.to_hex()), organization))
}

/// A caller whose key was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The id of the key, or `operator`: what the audit log says.
    pub actor: String,
    pub scopes: Scopes,
    /// The store's currency.
    pub currency: Currency,
}

/// The caller of one request.
pub struct Caller {
    claim: ApiKeyClaim,
    hash: KeyHash,
    /// What the route needs.
    scope: Scope,
    verified: OnceLock<Arc<Principal>>,
}

impl Caller {
    /// # Errors
    /// [`Denied`] when the text is no key, or a remembered key lacks the scope.
    pub fn of_key(key: &str, scope: Scope, now: Timestamp, cache: &PrincipalCache) -> Result<Caller, Denied> {
        // Hashing comes first, so a text of any length must not be hashed.
        if key.len() != ApiKeyClaim::LENGTH {
            return Err(Denied::BadCredentials);
        }
        let hash = hash_of(key);
        let verified = OnceLock::new();
        let Some(remembered) = cache.get(hash, now) else {
            let claim = key.parse().map_err(|_| Denied::BadCredentials)?;
            return Ok(Caller { claim, hash, scope, verified });
        };
        let caller = Caller { claim: remembered.claim, hash, scope, verified };
        caller.admit(remembered.principal)?;
        Ok(caller)
    }

    /// The operator at the command line, who needs no key.
    pub fn operator(tenant: Tenant, currency: Currency) -> Caller {
        let kind = KeyKind::Secret;
        let principal = Principal { actor: "operator".to_owned(), scopes: Scopes::of_new_key(kind), currency };
        Caller {
            claim: ApiKeyClaim { kind, organization: tenant.organization, store: tenant.store },
            hash: KeyHash([0; 32]),
            scope: Scope::CatalogWrite,
            verified: OnceLock::from(Arc::new(principal)),
        }
    }

    pub fn tenant(&self) -> Tenant {
        Tenant { organization: self.claim.organization, store: self.claim.store }
    }

    pub fn verified(&self) -> Option<&Arc<Principal>> {
        self.verified.get()
    }

    /// The statement that finds the key.
    pub fn verification(&self, now: Timestamp) -> Statement {
        store::verify(self.tenant(), &self.hash, now)
    }

    /// Takes the answer of [`verification`](Caller::verification).
    ///
    /// # Errors
    /// [`Halt`] when the key is not there, or lacks the route's scope.
    pub fn settle(&self, found: &Rows, now: Timestamp, cache: &PrincipalCache) -> Result<(), Halt> {
        let row = found.first().ok_or(Halt::Denied(Denied::BadCredentials))?;
        let principal = Arc::new(store::principal(row)?);
        cache.put(self.hash, Remembered { claim: self.claim, principal: Arc::clone(&principal), verified_at: now });
        self.admit(principal).map_err(Halt::Denied)
    }

    fn admit(&self, principal: Arc<Principal>) -> Result<(), Denied> {
        if !principal.scopes.contains(self.scope) {
            return Err(Denied::MissingScope(self.scope));
        }
        self.verified.get_or_init(|| principal);
        Ok(())
    }
}

/// Keys found good in the last 30 s, so that most requests spend nothing on them. Keyed by the hash of
/// the whole key: a guess does not come closer by timing.
#[derive(Default)]
pub struct PrincipalCache(Mutex<HashMap<KeyHash, Remembered>>);

#[derive(Clone)]
struct Remembered {
    /// What the key's text says: parsing it again would cost more than finding it here.
    claim: ApiKeyClaim,
    principal: Arc<Principal>,
    verified_at: Timestamp,
}

impl PrincipalCache {
    fn get(&self, hash: KeyHash, now: Timestamp) -> Option<Remembered> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = all.get(&hash)?;
        let age = now.millis().saturating_sub(remembered.verified_at.millis());
        (0..REMEMBERED_MILLIS).contains(&age).then(|| remembered.clone())
    }

    fn put(&self, hash: KeyHash, remembered: Remembered) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED_KEYS <= all.len() {
            all.clear();
        }
        all.insert(hash, remembered);
    }
}
