//! Password hashes: made, and compared in constant time.

use argon2::{Algorithm, Argon2, Params, Version};
use headlesspro_shared::identity::{HashParameters, Password, PasswordHash};
use hmac::Hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::port::entropy::{Entropy, NoEntropy};

/// The hash of a new password.
///
/// # Errors
/// [`NoEntropy`] when there is no randomness for the salt.
pub fn hash(password: &Password, wanted: HashParameters, entropy: &dyn Entropy) -> Result<PasswordHash, NoEntropy> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt)?;
    match digest(password, &wanted, &salt) {
        Some(hash) => Ok(PasswordHash { parameters: wanted, salt, hash }),
        None => Err(NoEntropy("these hash parameters cannot be computed here".to_owned())),
    }
}

/// Whether the password is the one that was hashed.
pub fn is_right(password: &Password, stored: &PasswordHash) -> bool {
    digest(password, &stored.parameters, &stored.salt).is_some_and(|hash| hash.ct_eq(&stored.hash).into())
}

/// Spends what [`is_right`] would: an address without an account must not answer sooner.
pub fn pretend(password: &Password, wanted: HashParameters) {
    let stored = PasswordHash { parameters: wanted, salt: [0; 16], hash: [0; 32] };
    // A black box, so that the work is not found useless and left out.
    std::hint::black_box(is_right(password, &stored));
}

/// `None` for parameters that are none. For sound ones there must be the memory: where there is not, the host ends.
fn digest(password: &Password, parameters: &HashParameters, salt: &[u8; 16]) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    match *parameters {
        HashParameters::Argon2id { memory_kib, passes, lanes } => {
            let parameters = Params::new(memory_kib, passes, lanes, Some(hash.len())).ok()?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
            argon2.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
        }
        HashParameters::Pbkdf2Sha256 { iterations } => {
            pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), salt, iterations, &mut hash).ok()?;
        }
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::entropy::HostEntropy;

    fn password(text: &str) -> Password {
        Password::presented(text).unwrap()
    }

    #[test]
    fn a_right_password_is_found_right_by_either_algorithm() {
        let cheap = HashParameters::Argon2id { memory_kib: 64, passes: 1, lanes: 1 };
        for wanted in [cheap, HashParameters::Pbkdf2Sha256 { iterations: 10 }] {
            let stored = hash(&password("correct horse"), wanted, &HostEntropy).unwrap();
            let again: PasswordHash = stored.to_phc().parse().unwrap();
            assert!(is_right(&password("correct horse"), &again));
            assert!(!is_right(&password("correct horsf"), &again));
            let other = hash(&password("correct horse"), wanted, &HostEntropy).unwrap();
            assert_ne!(other.hash, stored.hash, "a salt is used once");
        }
    }

    #[test]
    fn hashes_of_other_programs_are_understood() {
        // Made with Python's argon2-cffi 23.1 and hashlib.
        for phc in [
            "$argon2id$v=19$m=256,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$hW7VLpT0NDQ/3pHU2j2Ew+o4dwEnxrly7cqCGABd4r8",
            "$pbkdf2-sha256$i=1000$AAECAwQFBgcICQoLDA0ODw$yRTMTwbMbo9G0VfjobWqerzuuxe7BETNTErBbKKumGQ",
        ] {
            assert!(is_right(&password("correct horse"), &phc.parse().unwrap()), "{phc}");
        }
    }
}
