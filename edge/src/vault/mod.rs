//! What keeps personal data and credentials unreadable at rest.
//!
//! Envelope encryption: each organization has a data key of its own, wrapped by a master key from the host's
//! secrets. A sealed value is bound to the place it stands in (organization, table, column, row), so that
//! moving it to another row or tenant makes it unreadable. Changing the master key wraps the data keys anew
//! and touches no data.
//!
//! What must be found again without being readable (an e-mail address) is kept as a keyed hash, under keys
//! derived from a secret that never changes.

mod lookup;
mod master;
mod sealed;

pub use lookup::{LookupKey, Purpose};
pub use master::{InvalidMasterKeys, MasterKeys, WrapError, WrappedKey};
pub use sealed::{DataKey, OpenError, Place, is_sealed};

use crate::port::entropy::{Entropy, NoEntropy};

/// The host's secrets.
pub struct Vault {
    pub masters: MasterKeys,
    pub lookup: LookupKey,
}

/// Why the secrets cannot be used. Names settings, never their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecrets {
    #[error("MASTER_KEYS: {0}")]
    Masters(#[from] InvalidMasterKeys),
    #[error("LOOKUP_KEY: expected 32 bytes in base64url")]
    Lookup,
}

impl Vault {
    /// From the settings `MASTER_KEYS` and `LOOKUP_KEY`.
    ///
    /// # Errors
    /// [`InvalidSecrets`].
    pub fn from_settings(master_keys: &str, lookup_key: &str) -> Result<Vault, InvalidSecrets> {
        let lookup = LookupKey::from_base64(lookup_key).ok_or(InvalidSecrets::Lookup)?;
        Ok(Vault { masters: master_keys.parse()?, lookup })
    }
}

/// The values of `MASTER_KEYS` and `LOOKUP_KEY` for a new installation. The master key has an id of its own, so that it
/// can also stand in front of another one.
///
/// # Errors
/// [`NoEntropy`].
pub fn new_secrets(entropy: &dyn Entropy) -> Result<(String, String), NoEntropy> {
    let mut id = [0; 4];
    entropy.fill(&mut id)?;
    Ok((format!("m{}:{}", hex::encode(id), new_key(entropy)?), new_key(entropy)?))
}

/// 32 random bytes in base64url.
///
/// # Errors
/// [`NoEntropy`].
pub fn new_key(entropy: &dyn Entropy) -> Result<String, NoEntropy> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes)?;
    Ok(to_base64(&bytes))
}

fn to_base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}
