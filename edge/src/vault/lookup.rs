//! Keyed hashes: what is found again without being readable.

use headlesspro_shared::kernel::id::OrganizationId;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::from_base64;

/// What a keyed hash is for. Each has a key of its own in each organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Finding an account by its e-mail address.
    Email,
    /// The MAC of refresh tokens.
    RefreshToken,
    /// The MAC of challenges.
    Challenge,
    /// PKCE's verifier and the nonce of logins by another identity provider.
    ProviderLogin,
    /// Knowing a network address again without keeping it.
    NetworkAddress,
    /// Knowing a request again whose body may hold a secret.
    Repeat,
    /// The MAC of answers that isolates share.
    Page,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Purpose::Email => "email",
            Purpose::RefreshToken => "refresh-token",
            Purpose::Challenge => "challenge",
            Purpose::ProviderLogin => "provider-login",
            Purpose::NetworkAddress => "network-address",
            Purpose::Repeat => "repeat",
            Purpose::Page => "page",
        }
    }
}

/// The setting `LOOKUP_KEY`. It never changes: what was hashed with another is not found again.
pub struct LookupKey(Hkdf<Sha256>);

impl LookupKey {
    /// From 32 bytes in base64url.
    pub(super) fn from_base64(text: &str) -> Option<LookupKey> {
        let key = from_base64(text.trim()).filter(|key| key.len() == 32)?;
        Some(LookupKey(Hkdf::new(None, &key)))
    }

    /// HMAC-SHA256 of `message` under the key of the organization and purpose (HKDF, RFC 5869).
    pub fn mac(&self, organization: OrganizationId, purpose: Purpose, message: &[u8]) -> [u8; 32] {
        self.derived(&format!("{organization}|{}", purpose.name()), message)
    }

    /// The keyed hash of a request that founds an organization, and so is nobody's yet, in hex: with what it holds, a
    /// password among it, a plain one would be guessed.
    pub fn of_sign_up(&self, message: &[u8]) -> String {
        hex::encode(self.derived("|sign-up", message))
    }

    fn derived(&self, info: &str, message: &[u8]) -> [u8; 32] {
        let mut key = [0; 64];
        // Refused only for more than 255 hashes' worth of output.
        let _expanded = self.0.expand(info.as_bytes(), &mut key);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// The keyed hash of an e-mail address in its normal form, in hex.
    pub fn of_email(&self, organization: OrganizationId, normalized: &str) -> String {
        hex::encode(self.mac(organization, Purpose::Email, normalized.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organization_and_purpose_has_a_key_of_its_own() {
        let key = LookupKey::from_base64(&super::super::to_base64(&[3; 32])).unwrap();
        let (ours, theirs) = (OrganizationId::from_u128(1), OrganizationId::from_u128(2));
        let of = |organization, purpose| key.mac(organization, purpose, b"ada@example.com");
        assert_eq!(of(ours, Purpose::Email), of(ours, Purpose::Email));
        assert_ne!(of(ours, Purpose::Email), of(theirs, Purpose::Email));
        assert_ne!(of(ours, Purpose::Email), of(ours, Purpose::RefreshToken));
        assert_ne!(hex::encode(of(ours, Purpose::Email)), key.of_sign_up(b"ada@example.com"));
        assert!(LookupKey::from_base64("short").is_none());
    }
}
