//! Public keys of credentials (COSE_Key, RFC 9052 and RFC 9053), and ECDSA signatures as WebAuthn writes them.

use minicbor::Decoder;
use minicbor::data::Type;

/// A credential's public key: one of the algorithms that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKey<'a> {
    /// P-256, coordinates of 32 bytes each.
    Es256 { x: &'a [u8], y: &'a [u8] },
    /// Ed25519, 32 bytes.
    EdDsa { x: &'a [u8] },
    /// Modulus and exponent.
    Rs256 { n: &'a [u8], e: &'a [u8] },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a public key for ES256, EdDSA or RS256 in COSE")]
pub struct InvalidCredentialKey;

impl From<minicbor::decode::Error> for InvalidCredentialKey {
    fn from(_: minicbor::decode::Error) -> InvalidCredentialKey {
        InvalidCredentialKey
    }
}

impl<'a> CredentialKey<'a> {
    /// COSE's numbers of the algorithms, as they are asked for, the best first.
    pub const ALGORITHMS: [i64; 3] = [-8, -7, -257];

    pub const fn algorithm(&self) -> i64 {
        match self {
            CredentialKey::EdDsa { .. } => -8,
            CredentialKey::Es256 { .. } => -7,
            CredentialKey::Rs256 { .. } => -257,
        }
    }

    /// Reads a key from the beginning of `bytes`; answers it with the number of bytes it took.
    ///
    /// # Errors
    /// [`InvalidCredentialKey`].
    pub fn read(bytes: &'a [u8]) -> Result<(CredentialKey<'a>, usize), InvalidCredentialKey> {
        let mut decoder = Decoder::new(bytes);
        let members = decoder.map()?.filter(|members| *members <= 16).ok_or(InvalidCredentialKey)?;
        let (mut kind, mut algorithm, mut curve) = (None, None, None);
        let (mut first, mut second, mut third) = (None, None, None);
        for _ in 0..members {
            match decoder.i64()? {
                1 => kind = Some(decoder.i64()?),
                3 => algorithm = Some(decoder.i64()?),
                // The curve, or the modulus.
                -1 if decoder.datatype()? == Type::Bytes => first = Some(decoder.bytes()?),
                -1 => curve = Some(decoder.i64()?),
                // x, or the exponent.
                -2 => second = Some(decoder.bytes()?),
                // y, in full: a sign instead of it is not what WebAuthn allows (section 5.8.5).
                -3 => third = Some(decoder.bytes()?),
                _ => decoder.skip()?,
            }
        }
        let is_coordinate = |bytes: &&[u8]| bytes.len() == 32;
        let key = match (kind, algorithm, curve) {
            (Some(2), Some(-7), Some(1)) => {
                let (x, y) = (second.filter(is_coordinate), third.filter(is_coordinate));
                CredentialKey::Es256 { x: x.ok_or(InvalidCredentialKey)?, y: y.ok_or(InvalidCredentialKey)? }
            }
            (Some(1), Some(-8), Some(6)) => {
                CredentialKey::EdDsa { x: second.filter(is_coordinate).ok_or(InvalidCredentialKey)? }
            }
            (Some(3), Some(-257), None) => {
                CredentialKey::Rs256 { n: first.ok_or(InvalidCredentialKey)?, e: second.ok_or(InvalidCredentialKey)? }
            }
            _ => return Err(InvalidCredentialKey),
        };
        Ok((key, decoder.position()))
    }
}

/// `r` and `s` of an ECDSA signature on P-256 in DER (`SEQUENCE { INTEGER, INTEGER }`), 32 bytes each. `None` where
/// the text is no such signature, or written in another way than DER's one (X.690).
pub fn raw_ecdsa(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, length, rest @ ..] = der else { return None };
    // 2 * (2 + 33) bytes at most: always the short form.
    if usize::from(*length) != rest.len() || 0x7f < *length {
        return None;
    }
    let (r, rest) = integer(rest)?;
    let (s, rest) = integer(rest)?;
    if !rest.is_empty() {
        return None;
    }
    let mut raw = [0; 64];
    let (first, second) = raw.split_at_mut(32);
    for (half, number) in [(first, r), (second, s)] {
        let start = 32_usize.checked_sub(number.len())?;
        half.get_mut(start..)?.copy_from_slice(number);
    }
    Some(raw)
}

/// A positive INTEGER without the zero in front, and what follows it.
fn integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    match number {
        [] => None,
        [first, ..] if 0x7f < *first => None,
        // The shortest form: a zero stands only before what would be negative without it.
        [0, next, ..] if *next < 0x80 => None,
        [0, positive @ ..] => Some((positive, rest)),
        positive => Some((positive, rest)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_der_signature_has_one_form() {
        let mut der = vec![0x30, 0x08, 0x02, 0x02, 0x00, 0x80, 0x02, 0x02, 0x12, 0x34];
        let raw = raw_ecdsa(&der).unwrap();
        assert_eq!((raw[31], raw[62], raw[63]), (0x80, 0x12, 0x34));
        for broken in [
            &der[..9],
            &[0x30, 0x06, 0x02, 0x01, 0x80, 0x02, 0x01, 0x01],
            &[0x30, 0x07, 0x02, 0x02, 0x00, 0x01, 0x02, 0x01, 0x01],
            &[0x30, 0x05, 0x02, 0x00, 0x02, 0x01, 0x01],
            &[0x31, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01],
            &[0x30, 0x81, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01],
            &[],
        ] {
            assert_eq!(raw_ecdsa(broken), None, "{broken:x?}");
        }
        der.push(0);
        assert_eq!(raw_ecdsa(&der), None);
    }

    #[test]
    fn only_the_three_algorithms_are_keys() {
        let ed25519 = [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20][..], &[7; 32]].concat();
        assert_eq!(CredentialKey::read(&ed25519), Ok((CredentialKey::EdDsa { x: &[7; 32] }, 42)));
        let more = [ed25519.as_slice(), &[1, 2, 3]].concat();
        assert_eq!(CredentialKey::read(&more).map(|(_, length)| length), Ok(42));
        for (at, byte) in [(2, 0x02), (4, 0x26), (6, 0x04), (9, 0x1f), (0, 0xa5), (0, 0xbf)] {
            let mut broken = ed25519.clone();
            broken[at] = byte;
            assert_eq!(CredentialKey::read(&broken), Err(InvalidCredentialKey), "{at}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = CredentialKey::read(&bytes);
            let _ = raw_ecdsa(&bytes);
        }
    }
}
