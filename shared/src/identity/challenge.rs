//! The text of a challenge, which stands for a first factor until the second is there too:
//! `<account><end><nonce><mac>`.
//!
//! The 26-character suffix of the account's id, the challenge's end in 12 hexadecimal digits of milliseconds, 16 random
//! ones, and the MAC in 43 characters of base64url. The MAC makes it known, before anybody is asked, whose attempts are
//! to be counted: nobody who has not shown the first factor can use them up.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::{ID_LENGTH, id_of_suffix, suffix_of};
use crate::kernel::id::AccountId;
use crate::kernel::time::Timestamp;

const END_LENGTH: usize = 12;
const NONCE_LENGTH: usize = 16;
const MAC_LENGTH: usize = 43;

/// What a challenge claims, before its MAC has been compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChallengeClaim {
    pub account: AccountId,
    /// From then on it is over. Milliseconds since 1970, up to the year 10889.
    pub ends: Timestamp,
    /// Random: no two are alike.
    pub nonce: u64,
}

impl ChallengeClaim {
    /// The text that the MAC is made over: all of the challenge before it.
    pub fn authenticated(&self) -> String {
        format!("{}{:012x}{:016x}", suffix_of(self.account), self.ends.millis(), self.nonce)
    }

    /// The whole challenge. Only its hash may be stored.
    pub fn with_mac(self, mac: [u8; 32]) -> Challenge {
        let mut text = self.authenticated();
        URL_SAFE_NO_PAD.encode_string(mac, &mut text);
        Challenge { claim: self, mac, text }
    }
}

/// A challenge as it was presented. Compare the MAC in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    pub claim: ChallengeClaim,
    pub mac: [u8; 32],
    text: String,
}

impl Challenge {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_over(&self, now: Timestamp) -> bool {
        self.claim.ends <= now
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge").field("claim", &self.claim).finish_non_exhaustive()
    }
}

/// The text is no challenge. Says nothing of it, since it may be one with a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a challenge: expected 97 characters")]
pub struct InvalidChallenge;

impl FromStr for Challenge {
    type Err = InvalidChallenge;

    fn from_str(text: &str) -> Result<Challenge, InvalidChallenge> {
        let (account, rest) = text.split_at_checked(ID_LENGTH).ok_or(InvalidChallenge)?;
        let (ends, rest) = rest.split_at_checked(END_LENGTH).ok_or(InvalidChallenge)?;
        let (nonce, mac) = rest.split_at_checked(NONCE_LENGTH).ok_or(InvalidChallenge)?;
        if mac.len() != MAC_LENGTH {
            return Err(InvalidChallenge);
        }
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| InvalidChallenge)?;
        let ends = i64::try_from(hexadecimal(ends)?).map_err(|_| InvalidChallenge)?;
        let claim = ChallengeClaim {
            account: id_of_suffix(account).map_err(|_| InvalidChallenge)?,
            ends: Timestamp::from_millis(ends),
            nonce: hexadecimal(nonce)?,
        };
        Ok(Challenge { claim, mac: mac.try_into().map_err(|_| InvalidChallenge)?, text: text.to_owned() })
    }
}

/// One text for one number: no sign and no capitals.
fn hexadecimal(digits: &str) -> Result<u64, InvalidChallenge> {
    if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(InvalidChallenge);
    }
    u64::from_str_radix(digits, 16).map_err(|_| InvalidChallenge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_challenge_reads_back_and_its_mac_is_not_printed(
            account: u128, ends in 0_i64..1 << 48, nonce: u64, mac: [u8; 32]
        ) {
            let ends = Timestamp::from_millis(ends);
            let claim = ChallengeClaim { account: AccountId::from_u128(account), ends, nonce };
            let challenge = claim.with_mac(mac);
            prop_assert_eq!(challenge.as_str().len(), 97);
            prop_assert_eq!(challenge.as_str().parse(), Ok(challenge.clone()));
            let printed = format!("{challenge:?}");
            prop_assert!(!printed.contains(challenge.as_str().split_at(54).1));
            prop_assert!(challenge.is_over(ends) && !challenge.is_over(Timestamp::from_millis(ends.millis() - 1)));
        }

        #[test]
        fn hostile_text_is_no_challenge_and_no_panic(text in ".{0,110}") {
            prop_assert_eq!(text.parse::<Challenge>(), Err(InvalidChallenge));
        }
    }
}
