//! Access tokens: what the payload of our JWTs says, and whether it is good.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Grant, Permissions, Role, Scope, Scopes};
use crate::kernel::id::{AccountId, AppId, ChannelId, OrganizationId, SessionId, StoreId};
use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;

/// The life of an access token, in seconds.
pub const ACCESS_SECONDS: i64 = 900;

/// How far the clocks of issuer and verifier may be apart, in seconds (RFC 7519, section 4.1.4, allows "a few
/// minutes").
pub const LEEWAY_SECONDS: i64 = 60;

/// How long a revocation must be remembered, in seconds: as long as a token that it voids could still pass.
pub const VOID_SECONDS: i64 = ACCESS_SECONDS + LEEWAY_SECONDS;

/// The payload of an access token (RFC 7519); `org`, `store` and the like are members beside `iss`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Payload")]
pub struct AccessClaims {
    /// The origin that issued it.
    pub iss: String,
    pub sub: Subject,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    #[serde(flatten)]
    pub access: Access,
}

/// The payload as it is read, all members side by side: with two structs every member would be kept aside first, for
/// each request that shows a token.
#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: Subject,
    iat: i64,
    exp: i64,
    org: OrganizationId,
    store: StoreId,
    currency: Currency,
    chan: Option<ChannelId>,
    sid: Option<SessionId>,
    role: Role,
    scopes: Scopes,
    #[serde(default)]
    grants: Vec<Grant>,
    act: Option<Impersonator>,
    iat_ms: i64,
}

impl From<Payload> for AccessClaims {
    fn from(payload: Payload) -> AccessClaims {
        let Payload { iss, sub, iat, exp, org, store, currency, chan, sid, role, scopes, grants, act, iat_ms } =
            payload;
        let access = Access { org, store, currency, chan, sid, role, scopes, grants, act, iat_ms };
        AccessClaims { iss, sub, iat, exp, access }
    }
}

/// What our tokens say beyond the registered claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    pub org: OrganizationId,
    pub store: StoreId,
    /// The store's currency, which never changes: most requests need it, and nothing else of the store.
    pub currency: Currency,
    /// The channel of the key that a customer's session was opened or refreshed with, or the one that a member's grants
    /// are for: its holder is shown no more than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chan: Option<ChannelId>,
    /// The session, for a person; apps and services have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    pub role: Role,
    /// Before `grants` narrow them: ask [`Access::permissions`], also for the scope of a route.
    pub scopes: Scopes,
    /// Only where the scopes are narrowed. Both come from [`Permissions::to_claims`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// Who acts in the subject's name (RFC 8693, section 4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Impersonator>,
    /// When it was issued, in milliseconds. With `iat` alone, a revocation would void the token that is issued
    /// after it in the same second, or spare the one before.
    pub iat_ms: i64,
}

impl Access {
    pub fn permissions(&self) -> Permissions {
        Permissions::new(self.scopes, &self.grants)
    }
}

/// The member of the staff behind an impersonation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impersonator {
    pub sub: AccountId,
}

/// Whom a token is about: `usr_...`, `app_...` or `svc_<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Account(AccountId),
    App(AppId),
    Service(Service),
}

impl Subject {
    /// Whether whoever shows its token gets another for it: people refresh, apps ask with their secret. Nobody gives a
    /// service another.
    pub fn is_renewable(&self) -> bool {
        match self {
            Subject::Account(_) | Subject::App(_) => true,
            Subject::Service(_) => false,
        }
    }
}

/// The name of a part of our own, such as `cron`: 1 to 32 lower-case letters and hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service(String);

impl Service {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Service {
    type Err = InvalidSubject;

    fn from_str(name: &str) -> Result<Service, InvalidSubject> {
        let is_name =
            (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if is_name { Ok(Service(name.to_owned())) } else { Err(InvalidSubject) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the id of an account or an app, or the name of a service")]
pub struct InvalidSubject;

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Account(id) => fmt::Display::fmt(id, f),
            Subject::App(id) => fmt::Display::fmt(id, f),
            Subject::Service(service) => write!(f, "svc_{}", service.0),
        }
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Subject, InvalidSubject> {
        if let Some(name) = text.strip_prefix("svc_") {
            return name.parse().map(Subject::Service);
        }
        let account = text.parse().map(Subject::Account);
        account.or_else(|_| text.parse().map(Subject::App)).map_err(|_| InvalidSubject)
    }
}

serde_as_text!(Subject, "the subject of a token");

/// Why a token with a good signature is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token comes from another issuer")]
    WrongIssuer,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It lives longer than ours do, or ends before it begins.
    #[error("the token's lifetime is not one of ours")]
    Lifetime,
    /// A person without a session, a session without a person, a job that is no service.
    #[error("the token contradicts itself")]
    Contradiction,
}

impl AccessClaims {
    /// A token that begins `now` and lives [`ACCESS_SECONDS`].
    pub fn new(iss: String, sub: Subject, access: Access, now: Timestamp) -> AccessClaims {
        let iat = now.millis().div_euclid(1_000);
        let access = Access { iat_ms: now.millis(), ..access };
        AccessClaims { iss, sub, iat, exp: iat.saturating_add(ACCESS_SECONDS), access }
    }

    /// Whether the claims hold `now`, to be asked once the signature is known to be good.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn check(&self, now: Timestamp, issuer: &str) -> Result<(), TokenError> {
        if self.iss != issuer {
            return Err(TokenError::WrongIssuer);
        }
        if !(1..=ACCESS_SECONDS).contains(&self.exp.saturating_sub(self.iat)) {
            return Err(TokenError::Lifetime);
        }
        let now = now.millis().div_euclid(1_000);
        if now < self.iat.saturating_sub(LEEWAY_SECONDS) {
            return Err(TokenError::NotYetValid);
        }
        if self.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(TokenError::Expired);
        }
        let is_person = matches!(self.sub, Subject::Account(_));
        let is_service = matches!(self.sub, Subject::Service(_));
        let contradicts = is_person != self.access.sid.is_some()
            || (self.access.act.is_some() && !is_person)
            || (self.access.scopes.contains(Scope::JobsRun) && !is_service)
            || self.access.iat_ms.div_euclid(1_000) != self.iat;
        if contradicts { Err(TokenError::Contradiction) } else { Ok(()) }
    }

    /// Whether a revocation of everything issued before that instant voids the token.
    pub fn is_void(&self, revoked_before: Timestamp) -> bool {
        self.access.iat_ms < revoked_before.millis()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::Narrowing;

    const ISSUER: &str = "https://shop.example";
    const NOW: i64 = 1_795_248_000_123;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn claims() -> AccessClaims {
        let access = Access {
            org: OrganizationId::from_u128(1),
            store: StoreId::from_u128(2),
            currency: "EUR".parse().unwrap(),
            chan: None,
            sid: Some(SessionId::from_u128(3)),
            role: Role::Viewer,
            scopes: Scopes::of(&[Scope::OrdersRead]),
            grants: Vec::new(),
            act: None,
            iat_ms: 0,
        };
        AccessClaims::new(ISSUER.to_owned(), Subject::Account(AccountId::from_u128(4)), access, at(NOW))
    }

    fn service() -> Subject {
        Subject::Service("cron".parse().unwrap())
    }

    #[test]
    fn the_payload_is_flat_and_leaves_out_what_is_not_there() {
        let json = serde_json::to_string(&claims()).unwrap();
        let expected = concat!(
            r#"{"iss":"https://shop.example","sub":"usr_00000000000000000000000004","iat":1795248000,"exp":1795248900,"#,
            r#""org":"org_00000000000000000000000001","store":"store_00000000000000000000000002","currency":"EUR","#,
            r#""sid":"ses_00000000000000000000000003","role":"viewer","scopes":"orders:read","iat_ms":1795248000123}"#,
        );
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<AccessClaims>(&json).unwrap(), claims());
    }

    #[test]
    fn narrowed_and_impersonated_tokens_read_back() {
        let mut claims = claims();
        claims.access.act = Some(Impersonator { sub: AccountId::from_u128(5) });
        claims.access.chan = Some(ChannelId::from_u128(7));
        let to = Narrowing { store: Some(StoreId::from_u128(6)), ..Narrowing::default() };
        claims.access.grants = vec![Grant { scopes: Scopes::of(&[Scope::OrdersRead]), to }];
        let json = serde_json::to_string(&claims).unwrap();
        assert_eq!(serde_json::from_str::<AccessClaims>(&json).unwrap(), claims);
        assert_eq!(claims.check(at(NOW), ISSUER), Ok(()));
        assert!(!claims.access.permissions().scopes().is_empty());
    }

    #[test]
    fn a_claim_that_does_not_read_makes_the_token_unreadable() {
        let json = serde_json::to_string(&claims()).unwrap();
        for (from, to) in [
            ("usr_", "org_"),
            ("\"viewer\"", "\"root\""),
            ("orders:read", "orders:burn"),
            ("1795248900", "\"1795248900\""),
            ("1795248900", "1e99"),
            ("\"iss\"", "\"issuer\""),
            ("\"org\"", "\"organization\""),
        ] {
            let broken = json.replace(from, to);
            assert_ne!(broken, json);
            assert!(serde_json::from_str::<AccessClaims>(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn time_and_issuer_decide() {
        let token = claims();
        let begin = NOW - 123;
        for (now, expected) in [
            (begin, Ok(())),
            (begin - 60_000, Ok(())),
            (begin - 60_001, Err(TokenError::NotYetValid)),
            (begin + 959_999, Ok(())),
            (begin + 960_000, Err(TokenError::Expired)),
        ] {
            assert_eq!(token.check(at(now), ISSUER), expected, "{now}");
        }
        for issuer in ["", "https://shop.example/", "https://SHOP.example", "https://other.example"] {
            assert_eq!(token.check(at(NOW), issuer), Err(TokenError::WrongIssuer));
        }
    }

    #[test]
    fn a_token_that_contradicts_itself_is_refused() {
        let broken: [fn(&mut AccessClaims); 6] = [
            |token| token.access.sid = None,
            |token| token.sub = Subject::App(AppId::from_u128(1)),
            |token| token.sub = service(),
            |token| token.access.scopes = Scopes::of(&[Scope::JobsRun]),
            |token| token.access.iat_ms += 1_000,
            |token| {
                token.sub = service();
                token.access.sid = None;
                token.access.act = Some(Impersonator { sub: AccountId::from_u128(1) });
            },
        ];
        for (at_index, break_it) in broken.into_iter().enumerate() {
            let mut token = claims();
            break_it(&mut token);
            assert_eq!(token.check(at(NOW), ISSUER), Err(TokenError::Contradiction), "{at_index}");
        }
        let mut job = claims();
        (job.sub, job.access.sid, job.access.scopes) = (service(), None, Scopes::of(&[Scope::JobsRun]));
        assert_eq!(job.check(at(NOW), ISSUER), Ok(()));
    }

    #[test]
    fn a_revocation_voids_what_was_issued_before_it_and_nothing_later() {
        let token = claims();
        assert!(token.is_void(at(NOW + 1)));
        assert!(!token.is_void(at(NOW)));
        assert!(!token.is_void(at(NOW - 1)), "issued after it, in the same second");
    }

    #[test]
    fn subjects_are_told_apart() {
        for text in ["usr_01h455vb4pex5vsknk084sn02q", "app_01h455vb4pex5vsknk084sn02q", "svc_mail-queue"] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
        for text in ["", "usr_", "svc_", "svc_Cron", "svc_a b", "ses_01h455vb4pex5vsknk084sn02q", "cron"] {
            assert_eq!(text.parse::<Subject>(), Err(InvalidSubject), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_token_passes_longer_than_a_revocation_is_remembered(iat: i64, exp: i64, iat_ms: i64, now: i64) {
            let mut token = claims();
            (token.iat, token.exp, token.access.iat_ms) = (iat, exp, iat_ms);
            if token.check(at(now), ISSUER).is_ok() {
                prop_assert!(now / 1_000 - iat < VOID_SECONDS);
            }
        }

        #[test]
        fn what_is_issued_passes_until_it_expires(now in -1_i64 << 50..1 << 50, age in -60_000..960_000_i64) {
            let mut token = claims();
            token = AccessClaims::new(token.iss, token.sub, token.access, at(now));
            let begin = now.div_euclid(1_000) * 1_000;
            prop_assert_eq!(token.check(at(begin + age), ISSUER), Ok(()));
        }
    }
}
