//! Passwords: which ones may be chosen, and how their hashes are written.

mod hash;
mod most_used;

use std::fmt;

pub use hash::{HashParameters, InvalidPasswordHash, PasswordHash, needs_rehash};

use crate::kernel::email::Email;

/// A password in the clear, of at most 512 bytes. Never printed, never stored.
///
/// Its bytes are hashed as they came: no Unicode normalisation, no trimming. Source of the rules: NIST SP 800-63B
/// (revision 3), section 5.1.1.2. It recommends normalisation, for keyboards that write one character in two ways; the
/// tables for it would be the largest part of the module, and each keyboard is at least true to itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a password may not be chosen. Never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("the password must have at least 8 characters")]
    TooShort,
    #[error("the password must have at most 128 characters and 512 bytes")]
    TooLong,
    #[error("the password must not be the e-mail address")]
    IsEmail,
    #[error("the password is one of those that are tried first")]
    TooCommon,
}

impl Password {
    const FEWEST_CHARACTERS: usize = 8;
    const MOST_CHARACTERS: usize = 128;
    const MOST_BYTES: usize = 512;

    /// A new password. Length is counted in Unicode scalar values; there are no rules of composition.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn chosen(text: &str, email: &Email) -> Result<Password, PasswordError> {
        let password = Password::presented(text)?;
        let characters = text.chars().count();
        if characters < Password::FEWEST_CHARACTERS {
            return Err(PasswordError::TooShort);
        }
        if Password::MOST_CHARACTERS < characters {
            return Err(PasswordError::TooLong);
        }
        let lower = text.to_lowercase();
        let email = email.as_str().to_lowercase();
        let local_part = email.rsplit_once('@').map_or("", |(local_part, _)| local_part);
        if lower == email || lower == local_part {
            return Err(PasswordError::IsEmail);
        }
        if most_used::is_among_them(&lower) { Err(PasswordError::TooCommon) } else { Ok(password) }
    }

    /// A password to compare with a hash: it may be older than today's rules, but is no longer than could be hashed
    /// for anybody who asks.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`], which for the caller is a wrong password.
    pub fn presented(text: &str) -> Result<Password, PasswordError> {
        if Password::MOST_BYTES < text.len() { Err(PasswordError::TooLong) } else { Ok(Password(text.to_owned())) }
    }

    /// What is hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(text: &str) -> Result<Password, PasswordError> {
        Password::chosen(text, &"Ada.Lovelace@Example.com".parse().unwrap())
    }

    #[test]
    fn length_counts_in_characters_and_is_bounded_in_bytes() {
        for (text, expected) in [
            (String::new(), Some(PasswordError::TooShort)),
            ("x9!kQ2z".to_owned(), Some(PasswordError::TooShort)),
            ("x9!kQ2zw".to_owned(), None),
            ("비밀번호는열자리".to_owned(), None),
            ("correct horse battery staple".to_owned(), None),
            ("ab".repeat(64), None),
            ("ab".repeat(65), Some(PasswordError::TooLong)),
            ("\u{1f600}\u{1f603}".repeat(64), None),
            ("x".repeat(513), Some(PasswordError::TooLong)),
        ] {
            assert_eq!(chosen(&text).err(), expected, "{text}");
        }
    }

    #[test]
    fn the_own_address_and_what_everybody_chooses_are_refused() {
        for text in ["ada.lovelace@example.com", "ADA.LOVELACE@EXAMPLE.COM", "Ada.Lovelace"] {
            assert_eq!(chosen(text), Err(PasswordError::IsEmail), "{text}");
        }
        for text in
            ["password", "PassWord1", "12345678", "qwertyuiop", "iloveyou", "aaaaaaaaaaaa", "87654321", "abcdefghij"]
        {
            assert_eq!(chosen(text), Err(PasswordError::TooCommon), "{text}");
        }
    }

    #[test]
    fn an_old_password_is_compared_though_it_could_not_be_chosen_today() {
        assert_eq!(Password::presented("1234").unwrap().as_bytes(), b"1234");
        assert_eq!(Password::presented(&"x".repeat(513)), Err(PasswordError::TooLong));
        assert_eq!(format!("{:?}", Password::presented("secret").unwrap()), "Password(..)");
    }

    proptest! {
        #[test]
        fn what_may_be_chosen_is_hashed_as_it_came(text in ".{0,140}") {
            if let Ok(password) = chosen(&text) {
                prop_assert_eq!(password.as_bytes(), text.as_bytes());
                prop_assert!((8..=128).contains(&text.chars().count()));
            }
        }
    }
}
