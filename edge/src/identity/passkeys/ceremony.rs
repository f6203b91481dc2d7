//! What a browser brings from an authenticator, with its signatures verified.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_shared::identity::passkey::{
    AuthenticatorData, ClientData, CredentialKey, PasskeyError, RelyingParty, Statement, attestation, check_assertion,
    check_registration,
};
use sha2::{Digest, Sha256};

use crate::identity::signature::ForeignPublicKey;

/// What a registration brings, decoded.
pub struct Registration {
    pub client_data: Vec<u8>,
    pub attestation_object: Vec<u8>,
    /// As the browser says it, beside what the authenticator says.
    pub credential_id: Vec<u8>,
}

/// What a login brings, decoded.
pub struct Assertion {
    pub client_data: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub signature: Vec<u8>,
}

/// A credential that was made, and may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// In base64url, as the key.
    pub id: String,
    pub public_key: String,
    pub algorithm: i64,
    pub sign_count: u32,
    pub aaguid: String,
    pub is_backup_eligible: bool,
    pub is_backed_up: bool,
}

/// What a login says once it is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    pub sign_count: u32,
    pub is_backup_eligible: bool,
    pub is_backed_up: bool,
}

/// What the browser says: for its challenge.
///
/// # Errors
/// [`PasskeyError::Malformed`].
pub fn client_data(json: &[u8]) -> Result<ClientData, PasskeyError> {
    serde_json::from_slice(json).map_err(|_| PasskeyError::Malformed)
}

impl Registration {
    /// # Errors
    /// [`PasskeyError`].
    pub fn verify(&self, client: &ClientData, party: &RelyingParty) -> Result<Credential, PasskeyError> {
        let object = attestation(&self.attestation_object)?;
        let (data, attested) = check_registration(client, &object, party, &hash_of(party))?;
        if attested.credential_id != self.credential_id {
            return Err(PasskeyError::Malformed);
        }
        // A key that could never verify anything must not be kept.
        public_key(&attested.key).ok_or(PasskeyError::Malformed)?;
        if let Statement::Itself { signature, .. } = object.statement
            && !has_signed(&attested.key, object.bytes, &self.client_data, signature)
        {
            return Err(PasskeyError::Attestation);
        }
        Ok(Credential {
            id: URL_SAFE_NO_PAD.encode(attested.credential_id),
            public_key: URL_SAFE_NO_PAD.encode(attested.key_bytes),
            algorithm: attested.key.algorithm(),
            sign_count: data.sign_count,
            aaguid: hex::encode(attested.aaguid),
            is_backup_eligible: data.is_backup_eligible(),
            is_backed_up: data.is_backed_up(),
        })
    }
}

impl Assertion {
    /// With the public key that was kept, in base64url.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub fn verify(&self, client: &ClientData, party: &RelyingParty, kept: &str) -> Result<Verified, PasskeyError> {
        let data = AuthenticatorData::read(&self.authenticator_data)?;
        check_assertion(client, &data, party, &hash_of(party))?;
        let kept = URL_SAFE_NO_PAD.decode(kept).map_err(|_| PasskeyError::Malformed)?;
        let (key, _) = CredentialKey::read(&kept).map_err(|_| PasskeyError::Malformed)?;
        if !has_signed(&key, &self.authenticator_data, &self.client_data, &self.signature) {
            return Err(PasskeyError::Signature);
        }
        Ok(Verified {
            sign_count: data.sign_count,
            is_backup_eligible: data.is_backup_eligible(),
            is_backed_up: data.is_backed_up(),
        })
    }
}

fn hash_of(party: &RelyingParty) -> [u8; 32] {
    Sha256::digest(party.id()).into()
}

/// What is signed is the authenticator's data and the hash of the browser's.
fn has_signed(key: &CredentialKey<'_>, data: &[u8], client_data: &[u8], signature: &[u8]) -> bool {
    let message = [data, Sha256::digest(client_data).as_slice()].concat();
    let mut raw = [0; 64];
    let Some(signature) = key.signature(signature, &mut raw) else { return false };
    public_key(key).is_some_and(|key| key.has_signed(&message, signature))
}

fn public_key(key: &CredentialKey<'_>) -> Option<ForeignPublicKey> {
    match *key {
        CredentialKey::Es256 { x, y } => ForeignPublicKey::p256(x, y),
        CredentialKey::EdDsa { x } => ForeignPublicKey::ed25519(x),
        CredentialKey::Rs256 { n, e } => ForeignPublicKey::rsa(n, e),
    }
}

#[cfg(test)]
mod tests;
