//! Who is calling, and what they may do.
//!
//! Everything is a [`Scope`]: a route names one, roles and keys are sets of them, and grants narrow them to a
//! store, a location, a channel or one record. What nothing allows is denied.

mod app;
pub(crate) mod base32;
mod challenge;
mod device;
mod epoch;
pub mod federation;
mod fresh;
mod grant;
mod issue_key;
mod key;
mod lockout;
mod one_time;
pub mod passkey;
mod password;
mod pkce;
mod recovery;
mod refresh;
mod refresh_token;
mod register;
mod role;
mod scope;
mod token;
mod token_key;
mod totp;

pub use app::{
    AppScopesError, ClientSecretClaim, InvalidClientSecret, ScopeRefused, give_app, mint_client_secret, narrow,
};
pub use challenge::{Challenge, ChallengeClaim, InvalidChallenge};
pub use device::device_of;
pub use epoch::Epoch;
pub use fresh::is_fresh;
pub use grant::{Denial, Grant, InvalidRecordId, Narrowing, OpensNothing, Permissions, RecordId, Resource};
pub use issue_key::{
    DEFAULT_OVERLAP_SECONDS, InvalidKeyName, IssueKeyError, KeyName, LONGEST_OVERLAP_SECONDS, issue_key, most_of,
};
pub use key::{ApiKeyClaim, InvalidApiKey, KeyKind, mint_api_key};
pub use lockout::{Attempt, Failures, Lockout, LockoutRule};
pub use one_time::{
    InvalidOneTimeToken, Issued, MAILS_COUNTED_MILLIS, MAILS_IN_AN_HOUR, MAILS_OF_ONE_IN_AN_HOUR, NotRedeemable,
    OneTimePurpose, OneTimeToken, UnknownOneTimePurpose, redeem,
};
pub use password::{HashParameters, InvalidPasswordHash, Password, PasswordError, PasswordHash, needs_rehash};
pub use pkce::{InvalidPkceChallenge, InvalidPkceVerifier, PkceChallenge, PkceVerifier};
pub use recovery::{InvalidRecoveryCode, RECOVERY_CODES, RecoveryCode};
pub use refresh::{Family, GRACE_MILLIS, Refresh, refresh};
pub use refresh_token::{Generation, InvalidRefreshToken, RefreshClaim, RefreshToken};
pub use register::{Registered, Registration, register};
pub use role::{Role, UnknownRole};
pub use scope::{Scope, Scopes, UnknownScope};
/// An account keeps so many addresses at most.
pub const ADDRESSES_IN_A_BOOK: i64 = 50;

pub use token::{
    ACCESS_SECONDS, Access, AccessClaims, Impersonator, InvalidSubject, LEEWAY_SECONDS, Service, Subject, TokenError,
    VOID_SECONDS,
};
pub use token_key::{Rotation, rotate, signing_key};
pub use totp::{InvalidTotpCode, TotpCode, TotpError, TotpStep, check_totp, totp_secret, totp_uri};

#[cfg(test)]
pub(crate) use scope::tests::{any_scope, any_scopes};
