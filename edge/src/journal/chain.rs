//! The audit log's hashes, as Rust computes them. The database computes the same step in a trigger; its
//! migration says why.

use headlesspro_shared::journal::Digest;
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

/// What stands before the first row: SHA-256's first state (FIPS 180-4, 5.3.3).
pub const START: Digest =
    to_bytes([0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19]);

/// What one row says, as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    pub organization: &'a str,
    pub store: Option<&'a str>,
    pub id: &'a str,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub before: Option<&'a str>,
    pub after: Option<&'a str>,
    pub request_id: &'a str,
    /// Milliseconds of UTC.
    pub occurred_at: i64,
}

/// SHA-256 of a row's fields in this order, each as `0` where it is NULL, else `1`, its length in bytes as
/// eight bytes, big end first, and the bytes themselves; so no two rows are hashed alike. Another form would
/// begin with another word.
pub fn content(fields: &Fields<'_>) -> Digest {
    let occurred_at = fields.occurred_at.to_string();
    let mut hasher = Sha256::new();
    for field in [
        Some("audit-1"),
        Some(fields.organization),
        fields.store,
        Some(fields.id),
        Some(fields.actor),
        Some(fields.action),
        Some(fields.subject),
        fields.before,
        fields.after,
        Some(fields.request_id),
        Some(&occurred_at),
    ] {
        match field {
            None => hasher.update([0]),
            Some(text) => {
                hasher.update([1]);
                hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
                hasher.update(text);
            }
        }
    }
    hasher.finalize().into()
}

/// The hash of a row: SHA-256's state after one more block, which is the row's content and 32 bytes of zero.
pub fn next(previous: &Digest, content: &Digest) -> Digest {
    let mut block = [0; 64];
    block.iter_mut().zip(content).for_each(|(byte, of_content)| *byte = *of_content);
    let mut state = to_words(previous);
    compress256(&mut state, &[block]);
    to_bytes(state)
}

/// A digest as its eight words, big end first.
pub fn to_words(digest: &Digest) -> [u32; 8] {
    let mut words = [0; 8];
    let (bytes, _) = digest.as_chunks::<4>();
    words.iter_mut().zip(bytes).for_each(|(word, bytes)| *word = u32::from_be_bytes(*bytes));
    words
}

/// The digest of eight words.
pub const fn to_bytes(words: [u32; 8]) -> Digest {
    let [a, b, c, d, e, f, g, h] = words;
    let [a0, a1, a2, a3] = a.to_be_bytes();
    let [b0, b1, b2, b3] = b.to_be_bytes();
    let [c0, c1, c2, c3] = c.to_be_bytes();
    let [d0, d1, d2, d3] = d.to_be_bytes();
    let [e0, e1, e2, e3] = e.to_be_bytes();
    let [f0, f1, f2, f3] = f.to_be_bytes();
    let [g0, g1, g2, g3] = g.to_be_bytes();
    let [h0, h1, h2, h3] = h.to_be_bytes();
    [
        a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3, g0, g1, g2, g3,
        h0, h1, h2, h3,
    ]
}

/// 64 lower-case digits.
pub fn to_hex(digest: &Digest) -> String {
    hex::encode(digest)
}

/// `None`: not what [`to_hex`] writes.
pub fn from_hex(text: &str) -> Option<Digest> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a').and_then(|digit| digit.checked_add(10)),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: Fields<'_> = Fields {
        organization: "org_1",
        store: Some("store_1"),
        id: "aud_1",
        actor: "key_1",
        action: "order.place",
        subject: "ord_1",
        before: None,
        after: Some("{}"),
        request_id: "r-1",
        occurred_at: 7,
    };

    #[test]
    fn every_field_is_in_the_content() {
        let others = [
            Fields { organization: "org_2", ..FIELDS },
            Fields { store: None, ..FIELDS },
            Fields { store: Some(""), ..FIELDS },
            Fields { id: "aud_2", ..FIELDS },
            Fields { actor: "key_2", ..FIELDS },
            Fields { action: "order.cancel", ..FIELDS },
            Fields { subject: "ord_2", ..FIELDS },
            Fields { before: Some("{}"), after: None, ..FIELDS },
            Fields { after: Some("{ }"), ..FIELDS },
            Fields { request_id: "r-2", ..FIELDS },
            Fields { occurred_at: 8, ..FIELDS },
            // The same letters, cut elsewhere.
            Fields { actor: "key_1o", action: "rder.place", ..FIELDS },
        ];
        let mut contents: Vec<Digest> = others.iter().map(content).collect();
        contents.push(content(&FIELDS));
        contents.sort_unstable();
        contents.dedup();
        assert_eq!(contents.len(), others.len() + 1);
    }

    /// With the padding that ends a message, the state of a chain is the SHA-256 of all its blocks.
    #[test]
    fn the_chain_is_one_sha_256_over_all_rows() {
        let contents: Vec<Digest> = (0..5).map(|at| content(&Fields { occurred_at: at, ..FIELDS })).collect();
        let mut message = Vec::new();
        let mut hash = START;
        for content in &contents {
            message.extend(content);
            message.extend([0; 32]);
            hash = next(&hash, content);
            let mut padding = [0; 64];
            padding[0] = 0x80;
            padding[56..].copy_from_slice(&(8 * message.len() as u64).to_be_bytes());
            let mut state = to_words(&hash);
            compress256(&mut state, &[padding]);
            assert_eq!(to_bytes(state)[..], Sha256::digest(&message)[..]);
        }
    }

    #[test]
    fn a_digest_survives_its_text() {
        let digest = content(&FIELDS);
        assert_eq!(from_hex(&to_hex(&digest)), Some(digest));
        assert_eq!(to_bytes(to_words(&digest)), digest);
        let long = "0".repeat(65);
        for bad in ["", "0", &long, &"0".repeat(63), &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
