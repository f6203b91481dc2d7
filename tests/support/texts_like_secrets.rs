//! What looks like a secret of ours in a text that everybody may read.

use std::collections::BTreeSet;

/// The kinds of secrets in a text; never the secrets themselves.
pub fn in_text(text: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for (kind, part) in [
        ("bearer token", "Bearer ey"),
        ("link with a secret", "#token="),
        ("secret of an authenticator app", "otpauth:"),
    ] {
        if text.contains(part) {
            found.insert(kind);
        }
    }
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    for word in text.split(|letter| !is_part(letter)) {
        let word = word.trim_matches('.');
        let is_base64 = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let has_both =
            word.bytes().any(|byte| byte.is_ascii_uppercase()) && word.bytes().any(|byte| byte.is_ascii_digit());
        let kind = match word {
            key if key.len() == 87 && (key.starts_with("pk_") || key.starts_with("sk_")) => "API key",
            token if token.len() > 80 && token.starts_with("rt_") => "refresh token",
            token if token.starts_with("eyJ") && token.contains('.') => "access token",
            challenge if challenge.len() == 97 && challenge.bytes().take(54).all(is_lower) => "challenge",
            // 160 bits in base32.
            secret if secret.len() == 32 && secret.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')) => {
                "secret of an authenticator app"
            }
            code if is_recovery_code(code) => "recovery code",
            secret if secret.len() > 80 && secret.starts_with("cs_") => "client secret",
            sealed if sealed.len() > 40 && sealed.starts_with("v1.") => "sealed value",
            // 256 bits in base64url.
            token if token.len() == 43 && is_base64 && has_both => "one-time token",
            _ => continue,
        };
        found.insert(kind);
    }
    found
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Four times four of Crockford's base32. Four words of a sentence have no digit.
fn is_recovery_code(word: &str) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    let is_base32 = |byte: u8| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&byte);
    let is_group = |group: &&str| group.len() == 4 && group.bytes().all(is_base32);
    groups.len() == 4 && groups.iter().all(is_group) && word.bytes().any(|byte| byte.is_ascii_digit())
}
