//! What the hosts wrote into their logs while all of it ran, and what must not be in it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

use crate::app::{STAFF_PASSWORD, TOKEN};
use crate::secrets::{LOOKUP_KEY, MASTER_KEYS};

static HEARD: Mutex<String> = Mutex::new(String::new());

struct Listener;

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("headlesspro")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            heard(&format!("{} {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Keeps every line that the native host logs from here on, however little it matters.
pub fn listen() {
    static LISTENER: Listener = Listener;
    if log::set_logger(&LISTENER).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
}

/// Adds what another host has logged.
pub fn heard(lines: &str) {
    let mut all = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    all.push_str(lines);
    all.push('\n');
}

/// Fails where a key, a token, a password or a sealed value is in a log.
pub fn holds_no_secret() {
    let all = HEARD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let found = secrets_in(&all);
    let lines = all.lines().count();
    assert!(found.is_empty(), "{} secrets are in {lines} lines, such as a {}", found.len(), found.first().unwrap());
    println!("{lines} lines of logs, no secret in them");
    check_the_check();
}

/// The kinds of secrets in a text; never the secrets themselves.
fn secrets_in(text: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let master = MASTER_KEYS.rsplit(':').next().unwrap_or_default();
    for (kind, secret) in [
        ("master key", master),
        ("lookup key", LOOKUP_KEY),
        ("password", STAFF_PASSWORD),
        ("token of a service behind the API", TOKEN),
        ("password hash", "$argon2"),
        ("password hash", "$pbkdf2"),
        ("bearer token", "Bearer ey"),
        ("link with a secret", "#token="),
    ] {
        if text.contains(secret) {
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
            sealed if sealed.len() > 40 && sealed.starts_with("v1.") => "sealed value",
            // 256 bits in base64url.
            token if token.len() == 43 && is_base64 && has_both => "one-time token",
            _ => continue,
        };
        found.insert(kind);
    }
    found
}

/// A check that finds nothing anywhere proves nothing.
fn check_the_check() {
    let suffix = "01h455vb4pex5vsknk084sn02q".repeat(4);
    for text in [
        format!("a key: sk_{}", &suffix[..84]),
        format!("refresh=rt_{}x", &suffix[..103]),
        "Authorization: Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln".to_owned(),
        "/page?token=eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln".to_owned(),
        format!("wrong password {STAFF_PASSWORD}"),
        format!("MASTER_KEYS={MASTER_KEYS}"),
        "$argon2id$v=19$m=1024,t=1,p=1$c2FsdA$aGFzaA".to_owned(),
        "v1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAECAwQ".to_owned(),
        "used Zm9vYmFyLWJhei1xdXV4LTEyMzQ1Njc4OTAtYWJjZGU".to_owned(),
    ] {
        assert!(!secrets_in(&text).is_empty(), "not found in {text}");
    }
    for text in
        ["503 database-unavailable: no answer", "01a1ff4a2fa3d07d1cddc0827e56", "mail mail_01h455vb4pex5vsknk084sn02q"]
    {
        assert!(secrets_in(text).is_empty(), "{text}");
    }
}
