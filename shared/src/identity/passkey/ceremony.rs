//! Registrations and logins with a passkey (sections 7.1 and 7.2), step by step, but for the signatures.

use minicbor::Decoder;
use minicbor::data::Type;
use serde::Deserialize;

use super::authenticator::{Attested, AuthenticatorData, InvalidAuthenticatorData};
use super::cose::CredentialKey;
use super::party::RelyingParty;

/// What is done with a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceremony {
    Registration,
    Login,
}

impl Ceremony {
    /// The `type` of the client data.
    pub const fn client_type(self) -> &'static str {
        match self {
            Ceremony::Registration => "webauthn.create",
            Ceremony::Login => "webauthn.get",
        }
    }
}

/// What the browser says, and the authenticator signs (section 5.8.1). Other members may come.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClientData {
    #[serde(rename = "type")]
    pub kind: String,
    /// In base64url.
    pub challenge: String,
    pub origin: String,
    /// Whether a frame of another origin asked.
    #[serde(rename = "crossOrigin", default)]
    pub is_cross_origin: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    #[error("it was made for something else than this")]
    Type,
    /// Used, over, or never one of ours: the database knows.
    #[error("the challenge was used, is over, or was never given out")]
    Challenge,
    #[error("it was made on a page of another origin")]
    Origin,
    #[error("it was made for another relying party")]
    RelyingParty,
    #[error("nobody touched the authenticator")]
    NotPresent,
    #[error("the authenticator has not verified who uses it")]
    NotVerified,
    #[error("the authenticator's data does not read")]
    Malformed,
    /// Its statement contradicts its key.
    #[error("the attestation is not good")]
    Attestation,
    #[error("the signature is not good")]
    Signature,
    /// Two authenticators count with the same key: one of them is a copy (section 6.1.1).
    #[error("the authenticator's counter went back: the passkey may have been copied")]
    Counter,
}

impl From<InvalidAuthenticatorData> for PasskeyError {
    fn from(_: InvalidAuthenticatorData) -> PasskeyError {
        PasskeyError::Malformed
    }
}

impl From<minicbor::decode::Error> for PasskeyError {
    fn from(_: minicbor::decode::Error) -> PasskeyError {
        PasskeyError::Malformed
    }
}

/// An attestation object (section 6.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttestationObject<'a> {
    pub statement: Statement<'a>,
    /// What is signed, before the hash of the client data.
    pub bytes: &'a [u8],
}

/// What vouches for the authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement<'a> {
    /// Nothing; or a certificate, which nobody here has an opinion on: none was asked for.
    None,
    /// `packed` without certificates: the credential's own key has signed.
    Itself { algorithm: i64, signature: &'a [u8] },
}

/// Reads an attestation object.
///
/// # Errors
/// [`PasskeyError::Malformed`].
pub fn attestation(cbor: &[u8]) -> Result<AttestationObject<'_>, PasskeyError> {
    let mut decoder = Decoder::new(cbor);
    let members = decoder.map()?.filter(|members| *members <= 8).ok_or(PasskeyError::Malformed)?;
    let (mut format, mut statement, mut bytes) = (None, None, None);
    for _ in 0..members {
        match decoder.str()? {
            "fmt" => format = Some(decoder.str()?),
            "attStmt" => statement = Some(packed(&mut decoder)?),
            "authData" => bytes = Some(decoder.bytes()?),
            _ => decoder.skip()?,
        }
    }
    if decoder.position() != cbor.len() {
        return Err(PasskeyError::Malformed);
    }
    let statement = match (format.ok_or(PasskeyError::Malformed)?, statement.ok_or(PasskeyError::Malformed)?) {
        ("packed", Packed { algorithm: Some(algorithm), signature: Some(signature), has_certificates: false }) => {
            Statement::Itself { algorithm, signature }
        }
        ("packed", Packed { has_certificates: false, .. }) => return Err(PasskeyError::Attestation),
        _ => Statement::None,
    };
    Ok(AttestationObject { statement, bytes: bytes.ok_or(PasskeyError::Malformed)? })
}

#[derive(Default)]
struct Packed<'a> {
    algorithm: Option<i64>,
    signature: Option<&'a [u8]>,
    has_certificates: bool,
}

/// The members of a statement that `packed` has; others are passed over.
fn packed<'a>(decoder: &mut Decoder<'a>) -> Result<Packed<'a>, PasskeyError> {
    let members = decoder.map()?.filter(|members| *members <= 16).ok_or(PasskeyError::Malformed)?;
    let mut found = Packed::default();
    for _ in 0..members {
        match decoder.str()? {
            "alg" => found.algorithm = Some(decoder.i64()?),
            "sig" if decoder.datatype()? == Type::Bytes => found.signature = Some(decoder.bytes()?),
            "x5c" => {
                found.has_certificates = true;
                decoder.skip()?;
            }
            _ => decoder.skip()?,
        }
    }
    Ok(found)
}

/// Whether a registration may be believed, once the challenge is known to be open. Answers the credential; where the
/// statement is [`Statement::Itself`], its signature is still to be verified with the credential's key.
///
/// # Errors
/// [`PasskeyError`].
pub fn check_registration<'a>(
    client: &ClientData,
    object: &AttestationObject<'a>,
    party: &RelyingParty,
    rp_id_hash: &[u8; 32],
) -> Result<(AuthenticatorData<'a>, Attested<'a>), PasskeyError> {
    check_client(client, Ceremony::Registration, party)?;
    let data = AuthenticatorData::read(object.bytes)?;
    check_data(&data, rp_id_hash)?;
    let attested = data.attested.ok_or(PasskeyError::Malformed)?;
    match object.statement {
        Statement::Itself { algorithm, .. } if algorithm != attested.key.algorithm() => Err(PasskeyError::Attestation),
        Statement::Itself { .. } | Statement::None => Ok((data, attested)),
    }
}

/// Whether a login may be believed, once challenge and credential are known, but for the signature.
///
/// # Errors
/// [`PasskeyError`].
pub fn check_assertion(
    client: &ClientData,
    data: &AuthenticatorData<'_>,
    party: &RelyingParty,
    rp_id_hash: &[u8; 32],
) -> Result<(), PasskeyError> {
    check_client(client, Ceremony::Login, party)?;
    check_data(data, rp_id_hash)
}

/// The count to be kept after a login: it grows, or the authenticator does not count at all.
///
/// # Errors
/// [`PasskeyError::Counter`].
pub fn next_count(kept: u32, presented: u32) -> Result<u32, PasskeyError> {
    let counts = kept != 0 || presented != 0;
    if counts && presented <= kept { Err(PasskeyError::Counter) } else { Ok(presented) }
}

fn check_client(client: &ClientData, ceremony: Ceremony, party: &RelyingParty) -> Result<(), PasskeyError> {
    if client.kind != ceremony.client_type() {
        return Err(PasskeyError::Type);
    }
    // No page of ours asks out of a frame.
    if client.is_cross_origin || !party.origins().contains(&client.origin) {
        return Err(PasskeyError::Origin);
    }
    Ok(())
}

/// A passkey is the only factor here: whoever uses it was there, and was verified.
fn check_data(data: &AuthenticatorData<'_>, rp_id_hash: &[u8; 32]) -> Result<(), PasskeyError> {
    if data.rp_id_hash != *rp_id_hash {
        return Err(PasskeyError::RelyingParty);
    }
    if !data.user_was_present() {
        return Err(PasskeyError::NotPresent);
    }
    if data.user_was_verified() { Ok(()) } else { Err(PasskeyError::NotVerified) }
}

impl CredentialKey<'_> {
    /// The signature in the form that the key's verifier takes: ECDSA's comes in DER.
    pub fn signature<'s>(&self, written: &'s [u8], raw: &'s mut [u8; 64]) -> Option<&'s [u8]> {
        match self {
            CredentialKey::Es256 { .. } => {
                *raw = super::cose::raw_ecdsa(written)?;
                Some(raw)
            }
            CredentialKey::EdDsa { .. } | CredentialKey::Rs256 { .. } => Some(written),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn party() -> RelyingParty {
        RelyingParty::new("shop.example", "Shop", vec!["https://shop.example".to_owned()]).unwrap()
    }

    fn client() -> ClientData {
        ClientData {
            kind: "webauthn.get".to_owned(),
            challenge: "AAAA".to_owned(),
            origin: "https://shop.example".to_owned(),
            is_cross_origin: false,
        }
    }

    fn data(flags: u8) -> Vec<u8> {
        [&[9; 32][..], &[flags, 0, 0, 0, 0]].concat()
    }

    #[test]
    fn a_login_is_for_this_page_party_and_person() {
        let check = |client: &ClientData, flags: u8, hash: &[u8; 32]| {
            check_assertion(client, &AuthenticatorData::read(&data(flags)).unwrap(), &party(), hash)
        };
        assert_eq!(check(&client(), 0x05, &[9; 32]), Ok(()));
        assert_eq!(check(&client(), 0x05, &[8; 32]), Err(PasskeyError::RelyingParty));
        assert_eq!(check(&client(), 0x04, &[9; 32]), Err(PasskeyError::NotPresent));
        assert_eq!(check(&client(), 0x01, &[9; 32]), Err(PasskeyError::NotVerified));
        let created = ClientData { kind: "webauthn.create".to_owned(), ..client() };
        assert_eq!(check(&created, 0x05, &[9; 32]), Err(PasskeyError::Type));
        for origin in ["https://evil.example", "https://www.shop.example", "http://shop.example", ""] {
            let elsewhere = ClientData { origin: origin.to_owned(), ..client() };
            assert_eq!(check(&elsewhere, 0x05, &[9; 32]), Err(PasskeyError::Origin), "{origin}");
        }
        let framed = ClientData { is_cross_origin: true, ..client() };
        assert_eq!(check(&framed, 0x05, &[9; 32]), Err(PasskeyError::Origin));
    }

    #[test]
    fn a_counter_grows_or_does_not_count() {
        for (kept, presented, expected) in [
            (0, 0, Ok(0)),
            (0, 1, Ok(1)),
            (1, 2, Ok(2)),
            (1, 1, Err(PasskeyError::Counter)),
            (2, 1, Err(PasskeyError::Counter)),
            (1, 0, Err(PasskeyError::Counter)),
            (u32::MAX, u32::MAX, Err(PasskeyError::Counter)),
        ] {
            assert_eq!(next_count(kept, presented), expected, "{kept} {presented}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = attestation(&bytes);
        }
    }
}
