//! The keys that sign access tokens (Ed25519), and the tokens themselves (JWT, EdDSA).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed, Signature};
use headlesspro_shared::identity::{AccessClaims, Scope, Scopes, Subject};
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::time::Timestamp;
use jwt_simple::algorithms::{Ed25519KeyPair, EdDSAKeyPairLike};
use jwt_simple::claims::JWTClaims;
use jwt_simple::prelude::Duration;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::caller::Person;
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::entropy::Entropy;
use crate::port::sql::DatabaseNumber;
use crate::vault::{MasterKeys, WrapError, WrappedKey};

/// What a private key is bound to when it is wrapped.
fn bound_to(kid: &str) -> String {
    format!("token-key|{kid}")
}

/// A key that signs.
pub struct SigningKey {
    pub kid: String,
    pair: Ed25519KeyPair,
}

/// A key as it is stored.
#[derive(Clone)]
pub struct StoredKey {
    pub kid: String,
    pub public_key: String,
    pub private: WrappedKey,
    /// It is published before.
    pub signs_from: Timestamp,
}

impl SigningKey {
    /// A new key that signs from this moment on, and how it is stored.
    ///
    /// # Errors
    /// [`Unavailable`] when the host has no randomness to give.
    pub fn generate(
        masters: &MasterKeys,
        entropy: &dyn Entropy,
        signs_from: Timestamp,
    ) -> Result<(SigningKey, StoredKey), Unavailable> {
        let (mut seed, mut name) = ([0; 32], [0; 9]);
        entropy.fill(&mut seed)?;
        entropy.fill(&mut name)?;
        let kid = URL_SAFE_NO_PAD.encode(name);
        let public_key = URL_SAFE_NO_PAD.encode(KeyPair::from_seed(Seed::new(seed)).pk.as_ref());
        let private = masters.wrap(&bound_to(&kid), &seed, entropy)?;
        let stored = StoredKey { kid, public_key, private, signs_from };
        Ok((SigningKey::open(&stored, masters)?, stored))
    }

    /// # Errors
    /// [`Unavailable`] when the stored key does not open with the host's master keys.
    pub fn open(stored: &StoredKey, masters: &MasterKeys) -> Result<SigningKey, Unavailable> {
        let corrupt = |error: &dyn std::fmt::Display| Unavailable::Corrupt(format!("a token key: {error}"));
        let seed = masters.unwrap(&bound_to(&stored.kid), &stored.private);
        let seed = seed.map_err(|error: WrapError| corrupt(&error))?;
        let seed = Seed::from_slice(&seed).map_err(|_| corrupt(&"it is no Ed25519 key"))?;
        let pair = Ed25519KeyPair::from_bytes(KeyPair::from_seed(seed).as_ref()).map_err(|error| corrupt(&error))?;
        Ok(SigningKey { kid: stored.kid.clone(), pair: pair.with_key_id(&stored.kid) })
    }

    /// The same private key, wrapped by the current master key.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn rewrap(stored: &StoredKey, masters: &MasterKeys, entropy: &dyn Entropy) -> Result<WrappedKey, Unavailable> {
        let bytes = masters.unwrap(&bound_to(&stored.kid), &stored.private);
        let bytes = bytes.map_err(|error| Unavailable::Corrupt(format!("a token key: {error}")))?;
        Ok(masters.wrap(&bound_to(&stored.kid), &bytes, entropy)?)
    }

    /// A JWT (RFC 7519) in compact form, with EdDSA (RFC 8037).
    ///
    /// # Errors
    /// [`Unavailable`] when the claims cannot be written, which is a defect.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String, Unavailable> {
        let claims = JWTClaims {
            issued_at: Some(seconds(claims.iat)),
            expires_at: Some(seconds(claims.exp)),
            invalid_before: None,
            issuer: Some(claims.iss.clone()),
            subject: Some(claims.sub.to_string()),
            audiences: None,
            jwt_id: None,
            nonce: None,
            custom: claims.access.clone(),
        };
        self.pair.sign(claims).map_err(|error| Unavailable::Corrupt(format!("a token: {error}")))
    }

    /// As [`SigningKey::sign`], of another type of token, which says so in its header (RFC 8725, section 3.11).
    ///
    /// # Errors
    /// [`Unavailable`] when the claims cannot be written, which is a defect.
    pub fn sign_as(&self, typ: &str, claims: &impl Serialize) -> Result<String, Unavailable> {
        let corrupt = |error: &dyn std::fmt::Display| Unavailable::Corrupt(format!("a token: {error}"));
        let payload = serde_json::to_string(claims).map_err(|error| corrupt(&error))?;
        let header = serde_json::json!({ "alg": ALGORITHM, "typ": typ, "kid": self.kid }).to_string();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let pair = KeyPair::from_slice(&self.pair.to_bytes()).map_err(|error| corrupt(&error))?;
        let signature = URL_SAFE_NO_PAD.encode(pair.sk.sign(&signed, None).as_ref());
        Ok(format!("{signed}.{signature}"))
    }
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

/// The only one there is: a token cannot choose another (RFC 8725, section 3.1).
const ALGORITHM: &str = "EdDSA";

/// A token as it came: what it claims, before its signature was looked at.
#[derive(Clone)]
pub struct UnverifiedToken {
    text: Box<str>,
    pub kid: String,
    pub claims: AccessClaims,
}

/// The `typ` of an access token.
const ACCESS_TYPE: &str = "JWT";

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: Option<String>,
    /// What must be understood, which is nothing here (RFC 7515, section 4.1.11).
    crit: Option<IgnoredAny>,
}

impl Header {
    /// `None` unless it is one of ours.
    fn read(text: &str) -> Option<Header> {
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let is_named = (1..=64).contains(&header.kid.len());
        (header.alg == ALGORITHM && header.crit.is_none() && is_named).then_some(header)
    }
}

/// A token of a type of its own as it came. Of what it says, nothing but the name of a key is read before its signature
/// was found good.
pub struct SignedToken<'a> {
    pub kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: Signature,
}

impl<'a> SignedToken<'a> {
    /// `None` when the text is no token of this type in the form of ours.
    pub fn read(text: &'a str, typ: &str) -> Option<SignedToken<'a>> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = Header::read(header).filter(|header| header.typ.as_deref() == Some(typ))?;
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        Some(SignedToken { kid: header.kid, signed, payload, signature })
    }

    /// What it says, if it was signed by the key.
    pub fn payload(&self, public_key: &PublicKey) -> Option<Vec<u8>> {
        public_key.0.verify(self.signed, &self.signature).ok()?;
        URL_SAFE_NO_PAD.decode(self.payload).ok()
    }
}

impl UnverifiedToken {
    /// Longer texts are not looked at.
    pub const LONGEST: usize = 8 * 1024;

    /// `None` when the text is no access token in the form of ours.
    pub fn read(text: &str) -> Option<UnverifiedToken> {
        let mut parts = text.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || signature.is_empty() || UnverifiedToken::LONGEST < text.len() {
            return None;
        }
        let header =
            Header::read(header).filter(|header| header.typ.as_deref().is_none_or(|typ| typ == ACCESS_TYPE))?;
        let claims: AccessClaims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        Some(UnverifiedToken { text: text.into(), kid: header.kid, claims })
    }

    /// Whom it claims to speak for, where that is a person.
    pub fn person(&self) -> Option<Person> {
        match (&self.claims.sub, self.claims.access.sid) {
            (Subject::Account(account), Some(session)) => Some(Person { account: *account, session }),
            _ => None,
        }
    }

    /// What it claims to be for.
    pub fn tenant(&self) -> Tenant {
        Tenant { organization: self.claims.access.org, store: self.claims.access.store }
    }

    /// Whether it can run jobs and nothing else. Jobs are every tenant's: the one that such a token names says nothing.
    pub fn is_job(&self) -> bool {
        matches!(self.claims.sub, Subject::Service(_)) && self.claims.access.scopes == Scopes::of(&[Scope::JobsRun])
    }

    /// Who it claims acts in the person's name.
    pub fn impersonator(&self) -> Option<AccountId> {
        self.claims.access.act.map(|act| act.sub)
    }

    /// Whether the signature is by this key, and the claims hold now. They were read before: reading them again would
    /// cost a part of what the signature does.
    pub fn is_good(&self, public_key: &PublicKey, issuer: &str, now: Timestamp) -> bool {
        let Some((signed, signature)) = self.text.rsplit_once('.') else { return false };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        let is_signed = signature.is_some_and(|signature| public_key.0.verify(signed, &signature).is_ok());
        is_signed && self.claims.check(now, issuer).is_ok()
    }
}

/// A key that verifies.
#[derive(Clone)]
pub struct PublicKey(ed25519_compact::PublicKey);

impl PublicKey {
    /// From 32 bytes in base64url.
    pub fn from_base64(text: &str) -> Option<PublicKey> {
        ed25519_compact::PublicKey::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok().map(PublicKey)
    }
}

/// Public keys that this isolate has seen, so that most tokens are verified without asking anybody. Each verifies
/// tokens of organizations in its own database: what another database calls a key of ours signs nothing here.
#[derive(Default)]
pub struct KeyRing(Mutex<HashMap<DatabaseNumber, OfDatabase>>);

/// By their names, each with the moment at which it was seen.
type OfDatabase = HashMap<String, (PublicKey, Timestamp)>;

impl KeyRing {
    /// A retired key is forgotten in time.
    const REMEMBERED_MILLIS: i64 = 60_000;
    /// Of one database.
    const MOST: usize = 64;

    pub fn get(&self, database: DatabaseNumber, kid: &str, now: Timestamp) -> Option<PublicKey> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, seen) = all.get(&database)?.get(kid)?;
        let age = now.millis().saturating_sub(seen.millis());
        (0..KeyRing::REMEMBERED_MILLIS).contains(&age).then(|| key.clone())
    }

    pub fn put(&self, database: DatabaseNumber, kid: &str, key: PublicKey, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_database = all.entry(database).or_default();
        if KeyRing::MOST <= of_database.len() {
            of_database.clear();
        }
        of_database.insert(kid.to_owned(), (key, now));
    }
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::identity::{Access, Role};
    use headlesspro_shared::kernel::id::{AccountId, OrganizationId, SessionId, StoreId};

    use super::*;
    use crate::port::entropy::HostEntropy;
    use crate::vault::new_secrets;

    const ISSUER: &str = "https://shop.example";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn claims(now: Timestamp) -> AccessClaims {
        let access = Access {
            org: OrganizationId::from_u128(1),
            store: StoreId::from_u128(2),
            currency: "EUR".parse().unwrap(),
            chan: None,
            sid: Some(SessionId::from_u128(3)),
            role: Role::Customer,
            scopes: Scopes::of(&[Scope::CatalogRead]),
            grants: Vec::new(),
            act: None,
            iat_ms: 0,
        };
        AccessClaims::new(ISSUER.to_owned(), Subject::Account(AccountId::from_u128(4)), access, now)
    }

    #[test]
    fn a_token_is_good_until_it_expires_and_by_its_own_key_only() {
        let masters: MasterKeys = new_secrets(&HostEntropy).unwrap().0.parse().unwrap();
        let now = at(1_795_248_000_123);
        let (key, stored) = SigningKey::generate(&masters, &HostEntropy, now).unwrap();
        let public = PublicKey::from_base64(&stored.public_key).unwrap();
        let text = SigningKey::open(&stored, &masters).unwrap().sign(&claims(now)).unwrap();
        let token = UnverifiedToken::read(&text).unwrap();
        assert_eq!((token.kid.as_str(), &token.claims), (key.kid.as_str(), &claims(now)));
        assert!(token.is_good(&public, ISSUER, now));
        assert!(!token.is_good(&public, "https://other.example", now));
        assert!(!token.is_good(&public, ISSUER, at(now.millis() + 961_000)));
        assert!(!token.is_good(&public, ISSUER, at(now.millis() - 62_000)));
        let (_, other) = SigningKey::generate(&masters, &HostEntropy, now).unwrap();
        assert!(!token.is_good(&PublicKey::from_base64(&other.public_key).unwrap(), ISSUER, now));
    }

    #[test]
    fn a_token_of_one_type_is_none_of_another() {
        let masters: MasterKeys = new_secrets(&HostEntropy).unwrap().0.parse().unwrap();
        let now = at(1_795_248_000_123);
        let (key, stored) = SigningKey::generate(&masters, &HostEntropy, now).unwrap();
        let public = PublicKey::from_base64(&stored.public_key).unwrap();
        // With the very claims of an access token.
        let text = key.sign_as("quote+jwt", &claims(now)).unwrap();
        assert!(UnverifiedToken::read(&text).is_none());
        assert!(SignedToken::read(&text, "other+jwt").is_none());
        assert!(SignedToken::read(&key.sign(&claims(now)).unwrap(), "quote+jwt").is_none());
        let token = SignedToken::read(&text, "quote+jwt").unwrap();
        let payload = token.payload(&public).unwrap();
        assert_eq!(serde_json::from_slice::<AccessClaims>(&payload).unwrap(), claims(now));
        let (_, other) = SigningKey::generate(&masters, &HostEntropy, now).unwrap();
        assert!(token.payload(&PublicKey::from_base64(&other.public_key).unwrap()).is_none());
        let parts: Vec<&str> = text.split('.').collect();
        for forged in [
            format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("{}"), parts[2]),
            format!("{}.{}x.{}", parts[0], parts[1], parts[2]),
            format!("{text}.x"),
            format!("{}.{}", parts[0], parts[2]),
            "..".to_owned(),
            String::new(),
        ] {
            let token = SignedToken::read(&forged, "quote+jwt");
            assert!(token.is_none_or(|token| token.payload(&public).is_none()), "{forged}");
        }
    }

    #[test]
    fn a_token_with_another_algorithm_or_changed_claims_is_not_good() {
        let masters: MasterKeys = new_secrets(&HostEntropy).unwrap().0.parse().unwrap();
        let now = at(1_795_248_000_123);
        let (key, stored) = SigningKey::generate(&masters, &HostEntropy, now).unwrap();
        let public = PublicKey::from_base64(&stored.public_key).unwrap();
        let text = key.sign(&claims(now)).unwrap();
        let parts: Vec<&str> = text.split('.').collect();
        let header =
            |alg: &str| URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"{}"}}"#, key.kid));
        for alg in ["none", "None", "HS256", "ES256", "eddsa"] {
            assert!(UnverifiedToken::read(&format!("{}.{}.{}", header(alg), parts[1], parts[2])).is_none(), "{alg}");
            assert!(UnverifiedToken::read(&format!("{}.{}.", header(alg), parts[1])).is_none(), "{alg}");
        }
        let critical = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"EdDSA","kid":"{}","crit":["x"]}}"#, key.kid));
        assert!(UnverifiedToken::read(&format!("{critical}.{}.{}", parts[1], parts[2])).is_none());
        let mut more = claims(now);
        more.access.scopes = Scopes::all();
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_string(&more).unwrap());
        let forged = UnverifiedToken::read(&format!("{}.{payload}.{}", parts[0], parts[2])).unwrap();
        assert!(!forged.is_good(&public, ISSUER, now));
        let mut shorter = text.clone();
        shorter.pop();
        for text in ["", "a.b.c", "..", "eyJ.eyJ.x", &format!("{text}.x"), &shorter] {
            let token = UnverifiedToken::read(text);
            assert!(token.is_none_or(|token| !token.is_good(&public, ISSUER, now)), "{text}");
        }
    }
}
