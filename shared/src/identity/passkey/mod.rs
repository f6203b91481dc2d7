//! Passkeys (Web Authentication, Level 3): what an authenticator says, and whether that may be believed.
//!
//! Signatures are verified at the edge; what has to be signed, by which key, and everything else is decided here.

mod authenticator;
mod ceremony;
mod cose;
mod party;

pub use authenticator::{Attested, AuthenticatorData, InvalidAuthenticatorData};
pub use ceremony::{
    AttestationObject, Ceremony, ClientData, PasskeyError, Statement, attestation, check_assertion, check_registration,
    next_count,
};
pub use cose::{CredentialKey, InvalidCredentialKey, raw_ecdsa};
pub use party::{InvalidRelyingParty, RelyingParty};

/// How long a challenge is good for, in seconds.
pub const CHALLENGE_SECONDS: i64 = 300;

/// The most passkeys that one account may have.
pub const MOST_PASSKEYS: usize = 25;

/// The longest credential id, in bytes (section 5.8.3 of Level 3 asks for support of 1023).
pub const LONGEST_CREDENTIAL_ID: usize = 1_023;
