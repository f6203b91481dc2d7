//! Time-based one-time passwords (RFC 6238): HMAC-SHA-1, steps of 30 s, six digits, as authenticator apps expect.
//!
//! The HMAC is an argument, so the secret never comes here but to be shown once.

use std::fmt;
use std::str::FromStr;

use crate::kernel::time::Timestamp;

const STEP_MILLIS: i64 = 30_000;
const CODES: u32 = 1_000_000;

/// Six digits as somebody typed them; blanks between are skipped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TotpCode(u32);

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode(..)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a code of six digits")]
pub struct InvalidTotpCode;

impl FromStr for TotpCode {
    type Err = InvalidTotpCode;

    fn from_str(text: &str) -> Result<TotpCode, InvalidTotpCode> {
        let mut digits = 0_u32;
        let mut code = 0_u32;
        for char in text.chars().filter(|char| *char != ' ') {
            let digit = char.to_digit(10).filter(|_| digits < 6).ok_or(InvalidTotpCode)?;
            code = code.checked_mul(10).and_then(|code| code.checked_add(digit)).ok_or(InvalidTotpCode)?;
            digits = digits.saturating_add(1);
        }
        if digits == 6 { Ok(TotpCode(code)) } else { Err(InvalidTotpCode) }
    }
}

/// The number of a step of 30 s since 1970: the counter of the HMAC, and what is stored once it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotpStep(pub i64);

impl TotpStep {
    /// What the HMAC-SHA-1 under the shared secret is made over (RFC 4226, section 5.2).
    pub const fn message(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TotpError {
    #[error("the code is not right")]
    Wrong,
    /// It was right, and is used up (RFC 6238, section 5.2: once only).
    #[error("the code has been used")]
    Replayed,
}

/// Checks a code against the step of `now` and one to each side, for clocks and slow fingers. `last_used` is the
/// newest step that was ever accepted; `hmac` is HMAC-SHA-1 under the shared secret of [`TotpStep::message`].
///
/// Answers with the step to store as the last used one, by an update that is guarded by the old one.
///
/// # Errors
/// [`TotpError`]. A code of an older step than the last used one is used up too.
pub fn check_totp(
    code: TotpCode,
    last_used: Option<TotpStep>,
    now: Timestamp,
    mut hmac: impl FnMut([u8; 8]) -> [u8; 20],
) -> Result<TotpStep, TotpError> {
    let current = now.millis().div_euclid(STEP_MILLIS);
    let mut outcome = Err(TotpError::Wrong);
    // All three are always computed: the time says nothing of which one it was.
    for distance in [0, -1, 1] {
        let step = TotpStep(current.saturating_add(distance));
        if truncate(&hmac(step.message())) != code.0 {
            continue;
        }
        if last_used.is_none_or(|used| used < step) {
            outcome = outcome.or(Ok(step));
        } else if outcome.is_err() {
            outcome = Err(TotpError::Replayed);
        }
    }
    outcome
}

/// RFC 4226, section 5.3: 31 bits at an offset that the last nibble names, modulo 10^6.
fn truncate(hmac: &[u8; 20]) -> u32 {
    let [.., last] = hmac;
    let offset = usize::from(last & 0x0f);
    let bytes = hmac.iter().skip(offset).take(4);
    let bits = bytes.fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) & 0x7fff_ffff;
    bits.checked_rem(CODES).unwrap_or_default()
}

/// The address that an authenticator app reads from a QR code: `otpauth://totp/<issuer>:<account>?secret=...`.
/// Holds the secret: shown once, at enrolment.
///
/// Source: github.com/google/google-authenticator, wiki "Key Uri Format".
pub fn totp_uri(issuer: &str, account: &str, secret: &[u8; 20]) -> String {
    let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
    let secret = base32(secret);
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
}

/// The secret for typing it into an app: 32 characters of base32. Shown once, as [`totp_uri`].
pub fn totp_secret(secret: &[u8; 20]) -> String {
    base32(secret)
}

/// RFC 4648 base32 of 20 bytes: 32 characters, so no padding.
fn base32(bytes: &[u8; 20]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    super::base32::encode(bytes, ALPHABET)
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4226, appendix D: HMAC-SHA-1 of the counts 0 to 9 under "12345678901234567890", and their codes.
    const VECTORS: [(&str, u32); 10] = [
        ("cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 755_224),
        ("75a48a19d4cbe100644e8ac1397eea747a2d33ab", 287_082),
        ("0bacb7fa082fef30782211938bc1c5e70416ff44", 359_152),
        ("66c28227d03a2d5529262ff016a1e6ef76557ece", 969_429),
        ("a904c900a64b35909874b33e61c5938a8e15ed1c", 338_314),
        ("a37e783d7b7233c083d4f62926c7a25f238d0316", 254_676),
        ("bc9cd28561042c83f219324d3c607256c03272ae", 287_922),
        ("a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 162_583),
        ("1b3c89f65e6c9e883012052823443f048b4332db", 399_871),
        ("1637409809a679dc698207310c8c7fc07290d9e5", 520_489),
    ];

    fn bytes(hex: &str) -> [u8; 20] {
        std::array::from_fn(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2).unwrap(), 16).unwrap())
    }

    fn hmac(message: [u8; 8]) -> [u8; 20] {
        let step = usize::try_from(i64::from_be_bytes(message)).unwrap_or(usize::MAX);
        VECTORS.get(step).map_or([0; 20], |(hex, _)| bytes(hex))
    }

    fn at(step: i64) -> Timestamp {
        Timestamp::from_millis(step * STEP_MILLIS + 29_999)
    }

    #[test]
    fn codes_are_those_of_rfc_4226() {
        for (hex, code) in VECTORS {
            assert_eq!(truncate(&bytes(hex)), code);
        }
    }

    #[test]
    fn a_code_is_good_in_its_step_and_the_next_to_it_and_once() {
        let code: TotpCode = "254 676".parse().unwrap();
        for (step, last_used, expected) in [
            (3, None, Err(TotpError::Wrong)),
            (4, None, Ok(TotpStep(5))),
            (5, None, Ok(TotpStep(5))),
            (6, None, Ok(TotpStep(5))),
            (7, None, Err(TotpError::Wrong)),
            (5, Some(4), Ok(TotpStep(5))),
            (5, Some(5), Err(TotpError::Replayed)),
            (6, Some(5), Err(TotpError::Replayed)),
            (6, Some(6), Err(TotpError::Replayed)),
            (7, Some(5), Err(TotpError::Wrong)),
        ] {
            let outcome = check_totp(code, last_used.map(TotpStep), at(step), hmac);
            assert_eq!(outcome, expected, "at {step} after {last_used:?}");
        }
    }

    #[test]
    fn two_steps_with_one_code_are_two_uses() {
        let same = |_| bytes(VECTORS[0].0);
        let code: TotpCode = "755224".parse().unwrap();
        let mut last = None;
        for step in [TotpStep(5), TotpStep(6)] {
            last = Some(check_totp(code, last, at(5), same).unwrap());
            assert_eq!(last, Some(step));
        }
        assert_eq!(check_totp(code, last, at(5), same), Err(TotpError::Replayed));
    }

    #[test]
    fn only_six_digits_are_a_code() {
        assert_eq!("012 345".parse(), Ok(TotpCode(12_345)));
        for text in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", "12.345", "99999999999999999999"] {
            assert_eq!(text.parse::<TotpCode>(), Err(InvalidTotpCode), "{text}");
        }
        assert_eq!(format!("{:?}", TotpCode(12_345)), "TotpCode(..)");
    }

    #[test]
    fn the_address_is_the_one_that_apps_read() {
        // "12345678901234567890" in base32, as RFC 6238's reference code has it.
        assert_eq!(
            totp_uri("Ada & Co", "ada@example.com", b"12345678901234567890"),
            "otpauth://totp/Ada%20%26%20Co:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Ada%20%26%20Co&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn any_hmac_and_any_time_have_an_answer(mac: [u8; 20], code in 0..CODES, now: i64, last: Option<i64>) {
            prop_assert!(truncate(&mac) < CODES);
            let outcome = check_totp(TotpCode(code), last.map(TotpStep), Timestamp::from_millis(now), |_| mac);
            if let Ok(step) = outcome {
                prop_assert!(last.is_none_or(|last| last < step.0));
            }
        }
    }
}
