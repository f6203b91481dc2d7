//! The stored form of a password: a PHC string that says how it was made.
//!
//! `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>` or `$pbkdf2-sha256$i=600000$<salt>$<hash>`, in base64 without
//! padding. Source: the PHC string format (github.com/P-H-C/phc-string-format); Argon2: RFC 9106.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The algorithm of a hash and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashParameters {
    /// Version 19 (1.3), 32 bytes out.
    Argon2id { memory_kib: u32, passes: u32, lanes: u32 },
    /// HMAC-SHA-256 within, 32 bytes out. For hosts with too little CPU or memory.
    Pbkdf2Sha256 { iterations: u32 },
}

impl HashParameters {
    /// OWASP's second recommendation for Argon2id; about 30 ms in an isolate.
    /// Source: <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>.
    pub const DEFAULT: HashParameters = HashParameters::Argon2id { memory_kib: 19_456, passes: 2, lanes: 1 };

    // What is outside of these was not written by us, or would stop a host that has to compute it: an isolate that
    // asks for more memory than it has (128 MB on Workers) is aborted, with every request that is in it.
    const MEMORY_KIB: RangeInclusive<u32> = 8..=65_536;
    const PASSES: RangeInclusive<u32> = 1..=64;
    const LANES: RangeInclusive<u32> = 1..=16;
    const ITERATIONS: RangeInclusive<u32> = 1..=10_000_000;

    /// Whether a hash may be made so: within what [`PasswordHash`] reads back.
    pub fn is_sound(&self) -> bool {
        match self {
            HashParameters::Argon2id { memory_kib, passes, lanes } => {
                // RFC 9106, section 3.1: at least eight blocks a lane.
                HashParameters::MEMORY_KIB.contains(memory_kib)
                    && HashParameters::PASSES.contains(passes)
                    && HashParameters::LANES.contains(lanes)
                    && lanes.saturating_mul(8) <= *memory_kib
            }
            HashParameters::Pbkdf2Sha256 { iterations } => HashParameters::ITERATIONS.contains(iterations),
        }
    }
}

/// The text before the salt, which is also how a setting is written: `$argon2id$v=19$m=19456,t=2,p=1`.
impl fmt::Display for HashParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HashParameters::Argon2id { memory_kib, passes, lanes } => {
                write!(f, "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}")
            }
            HashParameters::Pbkdf2Sha256 { iterations } => write!(f, "$pbkdf2-sha256$i={iterations}"),
        }
    }
}

/// The text is not a password hash of ours. Says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a password hash in PHC format, of argon2id or pbkdf2-sha256")]
pub struct InvalidPasswordHash;

impl FromStr for HashParameters {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<HashParameters, InvalidPasswordHash> {
        let mut fields = text.strip_prefix('$').ok_or(InvalidPasswordHash)?.split('$');
        let parameters = read(&mut fields)?;
        if fields.next().is_none() { Ok(parameters) } else { Err(InvalidPasswordHash) }
    }
}

/// A stored hash, taken apart. Not printed: it is what a thief of the database guesses at. Compare `hash` with a computed
/// one in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    pub parameters: HashParameters,
    pub salt: [u8; 16],
    pub hash: [u8; 32],
}

impl PasswordHash {
    /// What is stored.
    pub fn to_phc(&self) -> String {
        let encode = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        format!("{}${}${}", self.parameters, encode(&self.salt), encode(&self.hash))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<PasswordHash, InvalidPasswordHash> {
        let mut fields = text.strip_prefix('$').ok_or(InvalidPasswordHash)?.split('$');
        let parameters = read(&mut fields)?;
        let salt = bytes(fields.next())?;
        let hash = bytes(fields.next())?;
        if fields.next().is_none() { Ok(PasswordHash { parameters, salt, hash }) } else { Err(InvalidPasswordHash) }
    }
}

/// Whether a password that was just found right should be hashed anew: whenever its hash is not made as is wanted now,
/// cheaper ones included, since what is wanted is what the host can afford.
pub fn needs_rehash(stored: &HashParameters, wanted: &HashParameters) -> bool {
    stored != wanted
}

fn read<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Result<HashParameters, InvalidPasswordHash> {
    let parameters = match fields.next() {
        Some("argon2id") => {
            if fields.next() != Some("v=19") {
                return Err(InvalidPasswordHash);
            }
            let mut costs = fields.next().ok_or(InvalidPasswordHash)?.split(',');
            let (memory_kib, passes, lanes) =
                (number(costs.next(), "m=")?, number(costs.next(), "t=")?, number(costs.next(), "p=")?);
            if costs.next().is_some() {
                return Err(InvalidPasswordHash);
            }
            HashParameters::Argon2id { memory_kib, passes, lanes }
        }
        Some("pbkdf2-sha256") => HashParameters::Pbkdf2Sha256 { iterations: number(fields.next(), "i=")? },
        _ => return Err(InvalidPasswordHash),
    };
    if parameters.is_sound() { Ok(parameters) } else { Err(InvalidPasswordHash) }
}

/// A decimal in its one canonical form, after `name`.
fn number(field: Option<&str>, name: &str) -> Result<u32, InvalidPasswordHash> {
    let digits = field.and_then(|field| field.strip_prefix(name)).ok_or(InvalidPasswordHash)?;
    let number: u32 = digits.parse().map_err(|_| InvalidPasswordHash)?;
    if number.to_string() == digits { Ok(number) } else { Err(InvalidPasswordHash) }
}

fn bytes<const LENGTH: usize>(field: Option<&str>) -> Result<[u8; LENGTH], InvalidPasswordHash> {
    let bytes = STANDARD_NO_PAD.decode(field.ok_or(InvalidPasswordHash)?).map_err(|_| InvalidPasswordHash)?;
    bytes.try_into().map_err(|_| InvalidPasswordHash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_parameters() -> impl Strategy<Value = HashParameters> {
        let argon2id = (128_u32..=65_536, 1_u32..=64, 1_u32..=16)
            .prop_map(|(memory_kib, passes, lanes)| HashParameters::Argon2id { memory_kib, passes, lanes });
        let pbkdf2 = (1_u32..=10_000_000).prop_map(|iterations| HashParameters::Pbkdf2Sha256 { iterations });
        prop_oneof![argon2id, pbkdf2]
    }

    #[test]
    fn both_algorithms_are_read() {
        let argon2id =
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        let hash: PasswordHash = argon2id.parse().unwrap();
        assert_eq!(hash.parameters, HashParameters::Argon2id { memory_kib: 19_456, passes: 2, lanes: 1 });
        assert_eq!((hash.salt, hash.hash), ([0; 16], [1; 32]));
        assert_eq!(hash.to_phc(), argon2id);
        let pbkdf2 = "$pbkdf2-sha256$i=600000$AAAAAAAAAAAAAAAAAAAAAA$AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        let hash: PasswordHash = pbkdf2.parse().unwrap();
        assert_eq!(hash.parameters, HashParameters::Pbkdf2Sha256 { iterations: 600_000 });
        assert_eq!(hash.to_phc(), pbkdf2);
        assert!(!format!("{hash:?}").contains("salt"));
    }

    #[test]
    fn a_setting_is_written_as_the_hash_begins() {
        let text = "$argon2id$v=19$m=19456,t=2,p=1";
        assert_eq!(text.parse::<HashParameters>().unwrap().to_string(), text);
        assert!("$pbkdf2-sha256$i=1$AAAA".parse::<HashParameters>().is_err());
    }

    #[test]
    fn what_we_did_not_write_is_refused() {
        let (salt, hash) = ("AAAAAAAAAAAAAAAAAAAAAA", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE");
        for parameters in [
            "argon2id$v=19$m=19456,t=2,p=1",
            "$argon2i$v=19$m=19456,t=2,p=1",
            "$argon2id$v=16$m=19456,t=2,p=1",
            "$argon2id$m=19456,t=2,p=1",
            "$argon2id$v=19$t=2,m=19456,p=1",
            "$argon2id$v=19$m=19456,t=2",
            "$argon2id$v=19$m=19456,t=2,p=1,keyid=a",
            "$argon2id$v=19$m=019456,t=2,p=1",
            "$argon2id$v=19$m=+19456,t=2,p=1",
            "$argon2id$v=19$m=4294967296,t=2,p=1",
            "$argon2id$v=19$m=65537,t=2,p=1",
            "$argon2id$v=19$m=64,t=2,p=16",
            "$argon2id$v=19$m=19456,t=0,p=1",
            "$pbkdf2-sha256$i=0",
            "$pbkdf2-sha256$i=4294967295",
            "$pbkdf2-sha512$i=600000",
            "$2b$12",
            "",
        ] {
            let text = format!("{parameters}${salt}${hash}");
            assert_eq!(text.parse::<PasswordHash>(), Err(InvalidPasswordHash), "{text}");
        }
        for rest in
            ["", "$", "$AAAA$AQEB", &format!("${salt}"), &format!("${salt}${hash}$"), &format!("${salt}${hash}=")]
        {
            let text = format!("$pbkdf2-sha256$i=1{rest}");
            assert_eq!(text.parse::<PasswordHash>(), Err(InvalidPasswordHash), "{text}");
        }
    }

    #[test]
    fn a_hash_is_renewed_when_anything_about_it_changed() {
        let old = HashParameters::Argon2id { memory_kib: 19_456, passes: 2, lanes: 1 };
        assert!(!needs_rehash(&old, &old));
        for wanted in [
            HashParameters::Argon2id { memory_kib: 32_768, passes: 2, lanes: 1 },
            HashParameters::Argon2id { memory_kib: 9_728, passes: 2, lanes: 1 },
            HashParameters::Pbkdf2Sha256 { iterations: 600_000 },
        ] {
            assert!(needs_rehash(&old, &wanted));
        }
    }

    proptest! {
        #[test]
        fn a_hash_survives_its_text(parameters in any_parameters(), salt: [u8; 16], hash: [u8; 32]) {
            let stored = PasswordHash { parameters, salt, hash };
            prop_assert_eq!(stored.to_phc().parse(), Ok(stored.clone()));
            prop_assert_eq!(parameters.to_string().parse(), Ok(parameters));
        }

        #[test]
        fn hostile_text_never_panics(text in "(\\$argon2id\\$v=19\\$m=)?.{0,60}") {
            let _ = text.parse::<PasswordHash>();
        }
    }
}
