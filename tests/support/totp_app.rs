//! An authenticator app, written apart from what it is to agree with (RFC 4648, RFC 6238).

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;

/// The secret that it was given.
pub struct TotpApp(Vec<u8>);

impl TotpApp {
    /// With a secret in base32, as a person types it.
    pub fn of(secret: &str) -> TotpApp {
        let mut bytes = Vec::new();
        let (mut bits, mut count) = (0_u32, 0);
        for letter in secret.bytes() {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter);
            bits = (bits << 5) | u32::try_from(value.expect("base32")).expect("5 bits");
            count += 5;
            if 8 <= count {
                count -= 8;
                bytes.push(u8::try_from((bits >> count) & 0xff).expect("8 bits"));
            }
        }
        TotpApp(bytes)
    }

    /// The code of a step of 30 s.
    pub fn code(&self, step: i64) -> String {
        let pad = |byte: u8| (0..64).map(|at| self.0.get(at).copied().unwrap_or(0) ^ byte).collect::<Vec<u8>>();
        let sha1 = |start: &[u8], rest: &[u8]| sha1_smol::Sha1::from([start, rest].concat()).digest().bytes();
        let hmac = sha1(&pad(0x5c), &sha1(&pad(0x36), &step.to_be_bytes()));
        let offset = usize::from(hmac[19] & 0xf);
        let bits = u32::from_be_bytes(hmac[offset..offset + 4].try_into().expect("four bytes")) & 0x7fff_ffff;
        format!("{:06}", bits % 1_000_000)
    }
}

/// Seconds since 1970.
pub fn seconds() -> i64 {
    SystemClock.now().millis() / 1_000
}
