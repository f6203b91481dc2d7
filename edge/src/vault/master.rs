//! Master keys, which wrap the organizations' data keys and the keys that sign tokens.

use std::str::FromStr;

use aes_gcm::aead::KeyInit;
use aes_gcm::{Aes256Gcm, Key};
use headlesspro_shared::kernel::id::OrganizationId;

use super::from_base64;
use super::sealed::{DataKey, OpenError, open_with, seal_with};
use crate::port::entropy::{Entropy, NoEntropy};

/// The setting `MASTER_KEYS`: `id:key,id:key`, 32 bytes in base64url each. The first wraps; the others only
/// unwrap what they have wrapped before.
pub struct MasterKeys(Vec<(String, Aes256Gcm)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMasterKeys {
    #[error("expected id:key, with commas between; the first is the current one")]
    Form,
    #[error("an id must have 1 to 32 letters, digits, hyphens or underscores, and come once")]
    Id,
    #[error("a key must be 32 bytes in base64url")]
    Key,
}

impl FromStr for MasterKeys {
    type Err = InvalidMasterKeys;

    fn from_str(text: &str) -> Result<MasterKeys, InvalidMasterKeys> {
        let mut keys: Vec<(String, Aes256Gcm)> = Vec::new();
        for entry in text.split(',').map(str::trim) {
            let (id, key) = entry.split_once(':').ok_or(InvalidMasterKeys::Form)?;
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if !(1..=32).contains(&id.len()) || !id.bytes().all(is_plain) || keys.iter().any(|(known, _)| known == id) {
                return Err(InvalidMasterKeys::Id);
            }
            let bytes = from_base64(key).filter(|bytes| bytes.len() == 32).ok_or(InvalidMasterKeys::Key)?;
            keys.push((id.to_owned(), Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&bytes))));
        }
        Ok(MasterKeys(keys))
    }
}

/// A key as it is stored: wrapped, with the id of the master key that wrapped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    pub master: String,
    pub wrapped: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    /// The host has no master key of that id (any more).
    #[error("MASTER_KEYS has no key {0:?}, which wrapped a stored key")]
    UnknownMaster(String),
    #[error("a wrapped key does not open with the master key of its id")]
    DoesNotOpen,
}

impl From<OpenError> for WrapError {
    fn from(_: OpenError) -> WrapError {
        WrapError::DoesNotOpen
    }
}

impl MasterKeys {
    /// The id of the key that wraps.
    pub fn current(&self) -> &str {
        self.0.first().map_or("", |(id, _)| id)
    }

    /// A new data key for an organization, and how it is stored.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn new_data_key(
        &self,
        organization: OrganizationId,
        entropy: &dyn Entropy,
    ) -> Result<(DataKey, WrappedKey), NoEntropy> {
        let mut key = [0; 32];
        entropy.fill(&mut key)?;
        Ok((DataKey::new(&key), self.wrap(&of_organization(organization), &key, entropy)?))
    }

    /// # Errors
    /// [`WrapError`].
    pub fn data_key(&self, organization: OrganizationId, stored: &WrappedKey) -> Result<DataKey, WrapError> {
        let key = self.unwrap(&of_organization(organization), stored)?;
        Ok(DataKey::new(key.as_slice().try_into().map_err(|_| WrapError::DoesNotOpen)?))
    }

    /// The same data key, wrapped by the current master key.
    ///
    /// # Errors
    /// [`WrapError`]; `Ok(Err(_))` when the host has no randomness.
    pub fn rewrap_data_key(
        &self,
        organization: OrganizationId,
        stored: &WrappedKey,
        entropy: &dyn Entropy,
    ) -> Result<Result<WrappedKey, NoEntropy>, WrapError> {
        let bound_to = of_organization(organization);
        let key = self.unwrap(&bound_to, stored)?;
        Ok(self.wrap(&bound_to, &key, entropy))
    }

    /// Wraps any key; `bound_to` says what it is, and is asked again when it is unwrapped.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn wrap(&self, bound_to: &str, key: &[u8], entropy: &dyn Entropy) -> Result<WrappedKey, NoEntropy> {
        let Some((id, cipher)) = self.0.first() else {
            return Err(NoEntropy("there is no master key".to_owned()));
        };
        let wrapped = seal_with(cipher, bound_to.as_bytes(), key, entropy)?;
        Ok(WrappedKey { master: id.clone(), wrapped })
    }

    /// # Errors
    /// [`WrapError`].
    pub fn unwrap(&self, bound_to: &str, stored: &WrappedKey) -> Result<Vec<u8>, WrapError> {
        let master = self.0.iter().find(|(id, _)| *id == stored.master);
        let (_, cipher) = master.ok_or_else(|| WrapError::UnknownMaster(stored.master.clone()))?;
        Ok(open_with(cipher, bound_to.as_bytes(), &stored.wrapped)?)
    }
}

fn of_organization(organization: OrganizationId) -> String {
    format!("data-key|{organization}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::entropy::HostEntropy;
    use crate::vault::{Place, new_key};

    fn keys(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| format!("{id}:{}", new_key(&HostEntropy).unwrap())).collect()
    }

    #[test]
    fn a_new_master_key_opens_old_data_once_it_is_rewrapped() {
        let all = keys(&["m2", "m1"]);
        let before: MasterKeys = all[1].parse().unwrap();
        let between: MasterKeys = all.join(",").parse().unwrap();
        let after: MasterKeys = all[0].parse().unwrap();
        let organization = OrganizationId::from_u128(1);
        let place = Place { organization, table: "t", column: "c", row: "r" };

        let (key, stored) = before.new_data_key(organization, &HostEntropy).unwrap();
        let sealed = key.seal(place, b"secret", &HostEntropy).unwrap();
        assert_eq!(after.data_key(organization, &stored).unwrap_err(), WrapError::UnknownMaster("m1".to_owned()));
        let rewrapped = between.rewrap_data_key(organization, &stored, &HostEntropy).unwrap().unwrap();
        assert_eq!(rewrapped.master, "m2");
        assert_eq!(after.data_key(organization, &rewrapped).unwrap().open(place, &sealed).unwrap(), b"secret");
        let other = OrganizationId::from_u128(2);
        assert_eq!(after.data_key(other, &rewrapped).unwrap_err(), WrapError::DoesNotOpen, "another tenant's");
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused_without_being_told() {
        let key = new_key(&HostEntropy).unwrap();
        for (text, error) in [
            (String::new(), InvalidMasterKeys::Form),
            (key.clone(), InvalidMasterKeys::Form),
            (format!(":{key}"), InvalidMasterKeys::Id),
            (format!("a:{key},a:{key}"), InvalidMasterKeys::Id),
            (format!("a b:{key}"), InvalidMasterKeys::Id),
            ("a:short".to_owned(), InvalidMasterKeys::Key),
            (format!("a:{key}x"), InvalidMasterKeys::Key),
        ] {
            let refused = text.parse::<MasterKeys>().err();
            assert_eq!(refused, Some(error), "{text}");
            assert!(!refused.unwrap().to_string().contains(&key));
        }
    }
}
