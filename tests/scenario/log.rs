//! What the hosts wrote into their logs while all of it ran, and what must not be in it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use serde_json::Value;

use crate::app::{STAFF_PASSWORD, TOKEN};
use crate::client::WITNESS;
use crate::proofs::PROVIDER_SECRET;
use crate::secrets::{LOOKUP_KEY, MASTER_KEYS};
use crate::texts_like_secrets;

static HEARD: Mutex<String> = Mutex::new(String::new());
/// Every secret that a client has sent or got.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The members of bodies that are secret: passwords, tokens, keys, what comes by mail or from an authenticator app,
/// what a browser brings back, and what we know other services by.
const SECRET_MEMBERS: [&str; 21] = [
    "accessToken",
    "access_token",
    "browserToken",
    "challenge",
    "clientDataJSON",
    "clientSecret",
    "client_secret",
    "code",
    "currentPassword",
    "key",
    "newPassword",
    "password",
    "recoveryCodes",
    "refreshToken",
    "secret",
    "secretKey",
    "state",
    "token",
    "uri",
    "verifier",
    "webhookSecret",
];

/// What is shorter may well stand in a log by chance.
const SHORTEST: usize = 16;

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
    WITNESS.set(witness).unwrap();
}

/// Keeps the secrets of a body.
fn witness(is_sent: bool, media_type: &str, body: &[u8]) {
    let mut found = BTreeSet::new();
    if media_type.ends_with("json") {
        collect(&serde_json::from_slice(body).unwrap_or_default(), is_sent, &mut found);
    } else if media_type == "application/x-www-form-urlencoded" {
        let pairs = form_urlencoded::parse(body).filter(|(name, _)| SECRET_MEMBERS.contains(&&**name));
        found.extend(pairs.map(|(_, value)| value.into_owned()));
    }
    found.retain(|secret| SHORTEST <= secret.len());
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
}

fn collect(value: &Value, is_sent: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                // A problem's code and an order's state are no secrets.
                let is_open = !is_sent && ["code", "state"].contains(&name.as_str());
                match value {
                    Value::String(text) if SECRET_MEMBERS.contains(&name.as_str()) && !is_open => {
                        found.insert(text.clone());
                    }
                    Value::Array(texts) if SECRET_MEMBERS.contains(&name.as_str()) => {
                        found.extend(texts.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    other => collect(other, is_sent, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, is_sent, found)),
        _ => {}
    }
}

/// Adds what another host has logged.
pub fn heard(lines: &str) {
    let mut all = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    all.push_str(lines);
    all.push('\n');
}

/// Prints what the hosts called an error: why a story was answered a 5xx stands there alone.
pub fn tell_errors() {
    let all = HEARD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let errors = all.lines().filter(|line| line.contains("ERROR"));
    println!("errors in the hosts' logs:");
    errors.take(200).for_each(|line| println!("  {line}"));
}

/// Fails where a key, a token, a password or a sealed value is in a log.
pub fn holds_no_secret() {
    let all = HEARD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut found = secrets_in(&all);
    found.extend(told_in(&all, &told).then_some("secret that a client was told"));
    let lines = all.lines().count();
    assert!(found.is_empty(), "{} secrets are in {lines} lines, such as a {}", found.len(), found.first().unwrap());
    println!("{lines} lines of logs, none of {} secrets that clients were told in them, and no other", told.len());
    check_the_check();
}

/// Whether one of these secrets is in a text.
fn told_in(text: &str, told: &BTreeSet<String>) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    let words: BTreeSet<&str> =
        text.split(|letter| !is_part(letter)).map(|word| word.trim_matches(['.', '-'])).collect();
    told.iter().any(|secret| {
        // Most are one word, which is found without reading the text again.
        let is_word = secret.chars().all(is_part) && secret.trim_matches(['.', '-']).len() == secret.len();
        if is_word { words.contains(secret.as_str()) } else { text.contains(secret.as_str()) }
    })
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
        ("secret that a provider knows us by", PROVIDER_SECRET),
    ] {
        if text.contains(secret) {
            found.insert(kind);
        }
    }
    found.extend(texts_like_secrets::in_text(text));
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
        "otpauth://totp/Shop?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned(),
        "secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP.".to_owned(),
        "no code a1b2-c3d4-e5f6-7g8h".to_owned(),
        format!("secret cs_{}", &suffix[..84]),
        format!("gone: {}{}", &suffix[..54], "Zm9vYmFyLWJhei1xdXV4LTEyMzQ1Njc4OTAtYWJjZGU"),
        format!("body client_secret={PROVIDER_SECRET}"),
    ] {
        assert!(!secrets_in(&text).is_empty(), "not found in {text}");
    }
    for text in
        ["503 database-unavailable: no answer", "01a1ff4a2fa3d07d1cddc0827e56", "mail mail_01h455vb4pex5vsknk084sn02q"]
    {
        assert!(secrets_in(text).is_empty(), "{text}");
    }
    let bodies = [
        (
            true,
            "application/json",
            r#"{"credentials":{"clientSecret":"secret-of-a-store"},"state":"a state of a login"}"#,
        ),
        (false, "application/json", r#"{"recoveryCodes":["n0tc-0d3s-0fan-y0n3"],"code":"a-problem-of-some-kind"}"#),
        (true, "application/x-www-form-urlencoded", "client_secret=secret+of+an+app&grant_type=client_credentials"),
    ];
    for (is_sent, media_type, body) in bodies {
        witness(is_sent, media_type, body.as_bytes());
    }
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for text in ["x secret-of-a-store.", "?state=a state of a login&", "[n0tc-0d3s-0fan-y0n3]", "a=secret of an app"] {
        assert!(told_in(text, &told), "not found in {text}");
    }
    for text in ["a-problem-of-some-kind", "client_credentials", "secret-of-a-stores"] {
        assert!(!told_in(text, &told), "{text}");
    }
}
