//! Recovery codes: what opens an account whose second factor is lost. Each is good once.

use std::fmt;
use std::str::FromStr;

use super::base32::{self, CROCKFORD};

/// How many an account gets at a time.
pub const RECOVERY_CODES: usize = 10;

/// A code in its one canonical form: 16 characters of Crockford's base32 (80 random bits). Only its hash may be
/// stored; with so many bits a plain one (SHA-256) is enough.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    pub fn mint(random: [u8; 10]) -> RecoveryCode {
        RecoveryCode(base32::encode(&random, CROCKFORD))
    }

    /// What is hashed.
    pub fn canonical(&self) -> &str {
        &self.0
    }

    /// For reading and typing: `xxxx-xxxx-xxxx-xxxx`.
    pub fn grouped(&self) -> String {
        base32::grouped(&self.0)
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a recovery code of 16 letters and digits")]
pub struct InvalidRecoveryCode;

impl FromStr for RecoveryCode {
    type Err = InvalidRecoveryCode;

    /// Reads any case, skips blanks and hyphens, and takes o for 0, i and l for 1, as Crockford advises.
    fn from_str(text: &str) -> Result<RecoveryCode, InvalidRecoveryCode> {
        let mut code = String::new();
        for char in text.chars().filter(|char| !matches!(char, ' ' | '-')) {
            if LENGTH <= code.len() {
                return Err(InvalidRecoveryCode);
            }
            code.push(match char.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                char if u8::try_from(char).is_ok_and(|byte| CROCKFORD.contains(&byte)) => char,
                _ => return Err(InvalidRecoveryCode),
            });
        }
        if code.len() == LENGTH { Ok(RecoveryCode(code)) } else { Err(InvalidRecoveryCode) }
    }
}

const LENGTH: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = RecoveryCode::mint([0; 10]);
        assert_eq!(code.grouped(), "0000-0000-0000-0000");
        for text in ["0000000000000000", "oooo OOOO 0000-0000", " 0000-0000-0000-0000 "] {
            assert_eq!(text.parse(), Ok(code.clone()), "{text}");
        }
        assert_eq!("IiLl-1111-1111-1111".parse::<RecoveryCode>().unwrap().canonical(), "1111111111111111");
        for text in ["", "0000", "00000000000000000", "u000000000000000", "000000000000000é", "ｏ000000000000000"] {
            assert_eq!(text.parse::<RecoveryCode>(), Err(InvalidRecoveryCode), "{text}");
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }

    proptest! {
        #[test]
        fn what_is_minted_is_read(random: [u8; 10], other: [u8; 10]) {
            let code = RecoveryCode::mint(random);
            prop_assert_eq!(code.grouped().len(), 19);
            prop_assert_eq!(code.grouped().to_uppercase().parse(), Ok(code.clone()));
            prop_assert_eq!(code == RecoveryCode::mint(other), random == other);
        }

        #[test]
        fn hostile_text_never_panics(text in ".{0,40}") {
            let _ = text.parse::<RecoveryCode>();
        }
    }
}
