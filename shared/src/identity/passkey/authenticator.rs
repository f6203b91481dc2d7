//! Authenticator data (section 6.1): what the authenticator itself says, and signs.

use minicbor::Decoder;

use super::LONGEST_CREDENTIAL_ID;
use super::cose::CredentialKey;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticatorData<'a> {
    /// SHA-256 of the relying party's id.
    pub rp_id_hash: [u8; 32],
    flags: u8,
    pub sign_count: u32,
    /// Of a registration.
    pub attested: Option<Attested<'a>>,
}

/// The credential that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attested<'a> {
    /// The model of the authenticator.
    pub aaguid: [u8; 16],
    pub credential_id: &'a [u8],
    pub key: CredentialKey<'a>,
    /// The key as it was written, to be kept.
    pub key_bytes: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the authenticator's data does not read")]
pub struct InvalidAuthenticatorData;

impl<'a> AuthenticatorData<'a> {
    /// # Errors
    /// [`InvalidAuthenticatorData`], also where something follows that the flags do not announce.
    pub fn read(bytes: &'a [u8]) -> Result<AuthenticatorData<'a>, InvalidAuthenticatorData> {
        let invalid = InvalidAuthenticatorData;
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(invalid)?;
        let ([flags], rest) = rest.split_first_chunk::<1>().ok_or(invalid)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(invalid)?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (found, after) = read_attested(rest)?;
            attested = Some(found);
            rest = after;
        }
        if flags & EXTENSIONS != 0 {
            let mut decoder = Decoder::new(rest);
            decoder.skip().map_err(|_| invalid)?;
            rest = rest.get(decoder.position()..).ok_or(invalid)?;
        }
        // What cannot be backed up is not (section 6.1.3).
        let contradicts = flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0;
        if !rest.is_empty() || contradicts {
            return Err(invalid);
        }
        let sign_count = u32::from_be_bytes(*count);
        Ok(AuthenticatorData { rp_id_hash: *rp_id_hash, flags: *flags, sign_count, attested })
    }

    pub const fn user_was_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    /// By a finger, a face or a PIN.
    pub const fn user_was_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// Whether the credential may be on several devices.
    pub const fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub const fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

fn read_attested(bytes: &[u8]) -> Result<(Attested<'_>, &[u8]), InvalidAuthenticatorData> {
    let invalid = InvalidAuthenticatorData;
    let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(invalid)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(invalid)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || LONGEST_CREDENTIAL_ID < length {
        return Err(invalid);
    }
    let (credential_id, rest) = rest.split_at_checked(length).ok_or(invalid)?;
    let (key, length) = CredentialKey::read(rest).map_err(|_| invalid)?;
    let (key_bytes, rest) = rest.split_at_checked(length).ok_or(invalid)?;
    Ok((Attested { aaguid: *aaguid, credential_id, key, key_bytes }, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(flags: u8, rest: &[u8]) -> Vec<u8> {
        [&[9; 32][..], &[flags, 0, 0, 1, 2], rest].concat()
    }

    #[test]
    fn flags_announce_what_follows() {
        let data = of(0x05, &[]);
        let read = AuthenticatorData::read(&data).unwrap();
        assert_eq!((read.sign_count, read.attested), (258, None));
        assert!(read.user_was_present() && read.user_was_verified() && !read.is_backup_eligible());
        assert!(AuthenticatorData::read(&of(0x85, &[0xa0])).is_ok());
        for broken in [of(0x05, &[0]), of(0x85, &[]), of(0x45, &[]), of(0x11, &[]), data[..36].to_vec(), Vec::new()] {
            assert_eq!(AuthenticatorData::read(&broken), Err(InvalidAuthenticatorData), "{broken:x?}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(flags: u8, rest in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = AuthenticatorData::read(&of(flags, &rest));
            let _ = AuthenticatorData::read(&rest);
        }
    }
}
