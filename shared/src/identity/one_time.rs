//! Secrets that prove one thing once: that a mail was read, or that a password was right a moment ago.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::PkceChallenge;
use crate::kernel::time::Timestamp;

/// What a one-time token is good for, and for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OneTimePurpose {
    /// Proves that an address is its owner's.
    VerifyEmail,
    ResetPassword,
    /// Logs in without a password.
    MagicLink,
    /// Stands for a right password until the second factor is there too. Never mailed.
    SecondFactor,
    /// Proves that the address that an account shall have from now on is its owner's.
    ChangeEmail,
}

named!(OneTimePurpose, UnknownOneTimePurpose, "the purpose of a one-time token", {
    VerifyEmail = "verify-email",
    ResetPassword = "reset-password",
    MagicLink = "magic-link",
    SecondFactor = "second-factor",
    ChangeEmail = "change-email",
});

/// So many mails of one purpose are sent to one account in an hour on the request of one network address: a stranger
/// who asks for all of them takes none from the owner, who asks from somewhere else.
pub const MAILS_OF_ONE_IN_AN_HOUR: i64 = 5;

/// So many in all, whoever asks: an address is nobody's to flood, from many places either. Links that anyone can use,
/// the owner too, and those that only the client can use that asked are counted apart: a stranger's of the second kind
/// are of no use to the owner, and take none of the first.
pub const MAILS_IN_AN_HOUR: i64 = 20;

/// Mails are counted over so long.
pub const MAILS_COUNTED_MILLIS: i64 = 3_600_000;

impl OneTimePurpose {
    /// How long a token is good for.
    pub const fn minutes(self) -> u32 {
        match self {
            OneTimePurpose::VerifyEmail => 1_440,
            OneTimePurpose::ResetPassword | OneTimePurpose::ChangeEmail => 60,
            OneTimePurpose::MagicLink => 15,
            OneTimePurpose::SecondFactor => 5,
        }
    }

    /// When a token made at `now` ends.
    pub fn ends(self, now: Timestamp) -> Timestamp {
        now.checked_add_millis(i64::from(self.minutes()).saturating_mul(60_000)).unwrap_or(now)
    }

    /// The key of the mail that brings the token of this hash: of no other token, whoever it is for, or a mail that is
    /// missing would tell of the other.
    pub fn mail_key(self, token_hash: &str) -> String {
        format!("{self}:{token_hash}")
    }
}

/// The text of a one-time token: 256 random bits in 43 characters of base64url. Only its hash may be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeToken(String);

impl OneTimeToken {
    pub fn mint(random: [u8; 32]) -> OneTimeToken {
        OneTimeToken(URL_SAFE_NO_PAD.encode(random))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeToken(..)")
    }
}

/// Says nothing of the text, since it may be a token with a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a token of 43 characters")]
pub struct InvalidOneTimeToken;

impl FromStr for OneTimeToken {
    type Err = InvalidOneTimeToken;

    fn from_str(text: &str) -> Result<OneTimeToken, InvalidOneTimeToken> {
        let is_token =
            text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_token { Ok(OneTimeToken(text.to_owned())) } else { Err(InvalidOneTimeToken) }
    }
}

/// A token as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issued {
    pub expires_at: Timestamp,
    pub is_used: bool,
    /// The client that asked for it alone can use it (RFC 7636 says how).
    pub bound_to: Option<PkceChallenge>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRedeemable {
    /// Used, over, or never there: not said which.
    #[error("the link was used before, its time is over, or it never was one")]
    Gone,
    /// Good, in the browser that asked for it.
    #[error("the link works in the browser that asked for it")]
    BoundElsewhere,
}

/// Whether a token can be used now by a client that proves to be `proof`. Using it up is the database's part: of two
/// at once one wins.
///
/// # Errors
/// [`NotRedeemable`]; nothing is used up.
pub fn redeem(issued: &Issued, proof: Option<PkceChallenge>, now: Timestamp) -> Result<(), NotRedeemable> {
    if issued.is_used || issued.expires_at <= now {
        return Err(NotRedeemable::Gone);
    }
    match issued.bound_to {
        Some(_) if issued.bound_to != proof => Err(NotRedeemable::BoundElsewhere),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_token_is_good_once_in_its_time_and_for_whom_it_is() {
        let (mine, other) = (PkceChallenge::of_digest([1; 32]), PkceChallenge::of_digest([2; 32]));
        let open = Issued { expires_at: at(10), is_used: false, bound_to: None };
        let bound = Issued { bound_to: Some(mine), ..open };
        for (issued, proof, now, expected) in [
            (open, None, 9, Ok(())),
            (open, Some(mine), 9, Ok(())),
            (open, None, 10, Err(NotRedeemable::Gone)),
            (Issued { is_used: true, ..open }, None, 9, Err(NotRedeemable::Gone)),
            (bound, Some(mine), 9, Ok(())),
            (bound, Some(other), 9, Err(NotRedeemable::BoundElsewhere)),
            (bound, None, 9, Err(NotRedeemable::BoundElsewhere)),
            (Issued { is_used: true, ..bound }, Some(other), 9, Err(NotRedeemable::Gone)),
        ] {
            assert_eq!(redeem(&issued, proof, at(now)), expected, "{issued:?} {now}");
        }
    }

    #[test]
    fn lifetimes_are_those_of_the_mails() {
        assert_eq!(
            OneTimePurpose::ALL.iter().map(|purpose| purpose.minutes()).collect::<Vec<_>>(),
            [1_440, 60, 15, 5, 60]
        );
        assert_eq!(OneTimePurpose::MagicLink.ends(at(0)), at(900_000));
        assert_eq!(OneTimePurpose::MagicLink.ends(at(i64::MAX)), at(i64::MAX));
    }

    proptest! {
        #[test]
        fn what_is_minted_is_read_and_never_shown(random: [u8; 32]) {
            let token = OneTimeToken::mint(random);
            prop_assert_eq!(token.as_str().parse(), Ok(token.clone()));
            prop_assert_eq!(format!("{token:?}"), "OneTimeToken(..)");
        }

        #[test]
        fn hostile_text_is_no_token_and_no_panic(text in ".{0,60}") {
            if let Ok(token) = text.parse::<OneTimeToken>() {
                prop_assert_eq!(token.as_str(), text);
            }
        }
    }
}
