//! Random bytes as text that people and addresses can carry.

/// Crockford's alphabet in lower case: no i, l, o and u.
pub(crate) const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Eight characters for each five bytes, without padding. `bytes` has a multiple of five.
pub(crate) fn encode(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for shift in [35, 30, 25, 20, 15, 10, 5, 0] {
            let index = usize::try_from((bits >> shift) & 31).unwrap_or_default();
            text.extend(alphabet.get(index).map(|byte| char::from(*byte)));
        }
    }
    text
}

/// For reading and typing: in groups of four, with hyphens between.
pub(crate) fn grouped(code: &str) -> String {
    let mut text = String::new();
    for (at, char) in code.chars().enumerate() {
        if 0 < at && at.is_multiple_of(4) {
            text.push('-');
        }
        text.push(char);
    }
    text
}
