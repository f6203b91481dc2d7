//! The text of a refresh token: `rt_<organization><session><generation><mac>`.
//!
//! The 26-character suffixes of the two ids, 8 hexadecimal digits, and the MAC in 43 characters of base64url. The
//! ids make it a *claim* of a session, as an API key claims a tenant; the MAC tells an old token of ours from an
//! invented one, so that nobody can end a session by guessing.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::{ID_LENGTH, id_of_suffix, suffix_of};
use crate::kernel::id::{OrganizationId, SessionId};

const PREFIX: &str = "rt_";
const GENERATION_LENGTH: usize = 8;
const MAC_LENGTH: usize = 43;

/// The number of a refresh token within its session, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u32);

impl Generation {
    pub const FIRST: Generation = Generation(1);

    pub fn next(self) -> Option<Generation> {
        self.0.checked_add(1).map(Generation)
    }
}

/// What a refresh token claims, before its MAC has been compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaim {
    pub organization: OrganizationId,
    pub session: SessionId,
    pub generation: Generation,
}

impl RefreshClaim {
    /// The text that the MAC is made over: all of the token before it.
    pub fn authenticated(&self) -> String {
        let (organization, session) = (suffix_of(self.organization), suffix_of(self.session));
        format!("{PREFIX}{organization}{session}{:08x}", self.generation.0)
    }

    /// The whole token. Only its hash may be stored.
    pub fn with_mac(&self, mac: &[u8; 32]) -> String {
        let mut token = self.authenticated();
        URL_SAFE_NO_PAD.encode_string(mac, &mut token);
        token
    }
}

/// A refresh token as it was presented. Compare the MAC in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub claim: RefreshClaim,
    pub mac: [u8; 32],
}

impl RefreshToken {
    /// Characters of a token, all of them ASCII.
    pub const LENGTH: usize = PREFIX.len() + 2 * ID_LENGTH + GENERATION_LENGTH + MAC_LENGTH;
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("claim", &self.claim).finish_non_exhaustive()
    }
}

/// The text is no refresh token. Says nothing of it, since it may be one with a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token: expected rt_ and 103 characters")]
pub struct InvalidRefreshToken;

impl FromStr for RefreshToken {
    type Err = InvalidRefreshToken;

    fn from_str(text: &str) -> Result<RefreshToken, InvalidRefreshToken> {
        let rest = text.strip_prefix(PREFIX).ok_or(InvalidRefreshToken)?;
        let (organization, rest) = rest.split_at_checked(ID_LENGTH).ok_or(InvalidRefreshToken)?;
        let (session, rest) = rest.split_at_checked(ID_LENGTH).ok_or(InvalidRefreshToken)?;
        let (generation, mac) = rest.split_at_checked(GENERATION_LENGTH).ok_or(InvalidRefreshToken)?;
        // One text for one token: no sign and no capitals.
        if !generation.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidRefreshToken);
        }
        let generation = u32::from_str_radix(generation, 16).map(Generation).map_err(|_| InvalidRefreshToken)?;
        if mac.len() != MAC_LENGTH {
            return Err(InvalidRefreshToken);
        }
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| InvalidRefreshToken)?;
        let claim = RefreshClaim {
            organization: id_of_suffix(organization).map_err(|_| InvalidRefreshToken)?,
            session: id_of_suffix(session).map_err(|_| InvalidRefreshToken)?,
            generation,
        };
        Ok(RefreshToken { claim, mac: mac.try_into().map_err(|_| InvalidRefreshToken)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_claims_its_session(organization: u128, session: u128, generation: u32, mac: [u8; 32]) {
            let claim = RefreshClaim {
                organization: OrganizationId::from_u128(organization),
                session: SessionId::from_u128(session),
                generation: Generation(generation),
            };
            let text = claim.with_mac(&mac);
            prop_assert_eq!(text.len(), RefreshToken::LENGTH);
            prop_assert!(text.starts_with(&claim.authenticated()));
            prop_assert_eq!(text.parse(), Ok(RefreshToken { claim, mac }));
        }

        #[test]
        fn a_slip_makes_another_token_or_none(at in 0..RefreshToken::LENGTH, byte in b' '..b'~', mac: [u8; 32]) {
            let claim = RefreshClaim {
                organization: OrganizationId::from_u128(1),
                session: SessionId::from_u128(2),
                generation: Generation::FIRST,
            };
            let text = claim.with_mac(&mac);
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let slip = String::from_utf8(bytes).unwrap();
            if slip != text {
                prop_assert_ne!(slip.parse(), Ok(RefreshToken { claim, mac }));
            }
        }

        #[test]
        fn hostile_text_is_no_token_and_no_panic(text in "(rt_)?.{0,120}") {
            prop_assert_eq!(text.parse::<RefreshToken>(), Err(InvalidRefreshToken));
        }
    }

    #[test]
    fn the_mac_is_not_in_debug() {
        let claim = RefreshClaim {
            organization: OrganizationId::from_u128(1),
            session: SessionId::from_u128(2),
            generation: Generation::FIRST,
        };
        let debug = format!("{:?}", RefreshToken { claim, mac: [0xab; 32] });
        assert!(!debug.contains("171") && !debug.contains("mac"), "{debug}");
    }
}
