//! E-mail addresses.

use std::fmt::{self, Display};
use std::str::FromStr;

/// An e-mail address that can be written into a header as it is: at most 254 bytes, no blanks, control
/// characters, quotes or list separators. The domain is in lower case, the local part as given.
///
/// A practical check, narrower than RFC 5321: no quoted local parts, comments or address literals; the domain
/// needs a dot. Letters of any script are allowed on both sides (RFC 6531).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Why a text is not an e-mail address. Never repeats the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    #[error("expected an e-mail address such as name@example.com")]
    Form,
    #[error("the part of the e-mail address before the @ is not valid")]
    LocalPart,
    #[error("the domain of the e-mail address is not valid")]
    Domain,
    #[error("the e-mail address is longer than 254 bytes")]
    TooLong,
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Email, InvalidEmail> {
        // Checked before and after: lower case may take more bytes.
        if MAX_BYTES < text.len() {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail::Form)?;
        if !is_local_part(local) {
            return Err(InvalidEmail::LocalPart);
        }
        let domain = domain.to_lowercase();
        if !is_domain(&domain) {
            return Err(InvalidEmail::Domain);
        }
        let email = format!("{local}@{domain}");
        if MAX_BYTES < email.len() { Err(InvalidEmail::TooLong) } else { Ok(Email(email)) }
    }
}

const MAX_BYTES: usize = 254;

fn is_local_part(local: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(allowed))
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}'))
    };
    // A numeric last label would be an IP address.
    let top_level = domain.rsplit_once('.').map_or("", |(_, top_level)| top_level);
    domain.split('.').all(is_label) && top_level.chars().any(|c| !c.is_ascii_digit())
}

impl Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_as_text!(Email, "an e-mail address");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_domain_is_lower_cased_and_the_local_part_kept() {
        for (text, expected) in [
            ("Ada.Lovelace+shop@Example.COM", "Ada.Lovelace+shop@example.com"),
            ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
            ("jörg@müller.example", "jörg@müller.example"),
            ("a@xn--mller-kva.example", "a@xn--mller-kva.example"),
        ] {
            let email: Email = text.parse().unwrap();
            assert_eq!(email.as_str(), expected);
        }
        assert_eq!("a@B.example".parse::<Email>().unwrap().domain(), "b.example");
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_refused() {
        for (text, error) in [
            ("", InvalidEmail::Form),
            ("ada", InvalidEmail::Form),
            ("@example.com", InvalidEmail::LocalPart),
            ("ada@", InvalidEmail::Domain),
            ("ada@localhost", InvalidEmail::Domain),
            ("ada@127.0.0.1", InvalidEmail::Domain),
            ("ada@[127.0.0.1]", InvalidEmail::Domain),
            ("ada@-a.example", InvalidEmail::Domain),
            ("ada@a..example", InvalidEmail::Domain),
            ("ada@example.com.", InvalidEmail::Domain),
            ("ada@example.com\r\nBcc: eve@example.com", InvalidEmail::LocalPart),
            ("ada@example.com\n", InvalidEmail::Domain),
            ("ada lovelace@example.com", InvalidEmail::LocalPart),
            (" ada@example.com", InvalidEmail::LocalPart),
            ("ada@exam ple.com", InvalidEmail::Domain),
            ("a@b@example.com", InvalidEmail::LocalPart),
            ("a..b@example.com", InvalidEmail::LocalPart),
            (".a@example.com", InvalidEmail::LocalPart),
            ("\"a\"@example.com", InvalidEmail::LocalPart),
            ("a,b@example.com", InvalidEmail::LocalPart),
            ("Ada <ada@example.com>", InvalidEmail::LocalPart),
            ("a\u{0}@example.com", InvalidEmail::LocalPart),
            ("a\u{202e}@example.com", InvalidEmail::LocalPart),
        ] {
            assert_eq!(text.parse::<Email>(), Err(error), "{text:?}");
        }
        assert!(format!("{}@example.com", "a".repeat(64)).parse::<Email>().is_ok());
        assert!(format!("{}@example.com", "a".repeat(65)).parse::<Email>().is_err());
        let long = format!("a@{}example", "abcdefghi.".repeat(30));
        assert_eq!(long.parse::<Email>(), Err(InvalidEmail::TooLong));
        let error = serde_json::from_str::<Email>("\"secret\"").unwrap_err().to_string();
        assert!(error.contains("name@example.com") && !error.contains("secret"), "{error}");
    }

    proptest! {
        #[test]
        fn an_address_is_its_own_canonical_text(text in ".{0,20}@.{0,20}|[a-zA-Z.]{1,9}@[a-zA-Zé]{1,9}\\.[A-Z]{2,3}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert!(!email.as_str().chars().any(|c| c.is_control() || c.is_whitespace()));
                prop_assert_eq!(email.to_string().parse(), Ok(email));
            }
        }
    }
}
