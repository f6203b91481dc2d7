//! Scripts of the project's own, and what a server knows of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Reply;

/// A script of the project's own: Lua for Redis, and an equal Rust function for the in-process store.
/// A differential test runs both on the same inputs.
pub struct Script {
    /// One of a kind in [`crate::scripts::ALL`].
    pub name: &'static str,
    pub lua: &'static str,
    /// Runs with exclusive access to the in-process store.
    pub native: fn(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply,
}

impl Script {
    /// The name Redis gives the script: 40 hex digits.
    pub fn sha1(&self) -> String {
        sha1_smol::Sha1::from(self.lua).digest().to_string()
    }
}

/// What a [`Script::native`] may do to the in-process store: run commands, as `redis.call` does.
pub trait ScriptStore {
    fn call(&mut self, command: &[&str]) -> Reply;

    /// Runs a command; an error of Redis' ends the script, as in Lua.
    ///
    /// # Errors
    /// Redis' own, to be the script's answer.
    fn tried(&mut self, command: &[&str]) -> Result<Reply, Reply> {
        match self.call(command) {
            Reply::Error(text) => Err(Reply::Error(text)),
            reply => Ok(reply),
        }
    }
}

/// A number of digits only, `most` of them: up to 15, so that a sum is exact in Lua's floats too.
pub fn whole(text: &str, most: usize) -> Option<i64> {
    let digits = text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Which scripts a client has seen its server take: their SHA-1 by name.
///
/// A script's first call is an `EVAL`, which teaches the server the text, so that it is one round
/// trip too. Later calls are an `EVALSHA`, with another `EVAL` when the server was emptied.
#[derive(Default)]
pub(crate) struct KnownScripts(Mutex<BTreeMap<&'static str, String>>);

impl KnownScripts {
    /// The SHA-1 to call `script` by, once the server knows it.
    pub(crate) fn sha1(&self, script: &Script) -> Option<String> {
        self.names().get(script.name).cloned()
    }

    /// The server has been sent the text of `script`.
    pub(crate) fn learn(&self, script: &Script) {
        self.names().entry(script.name).or_insert_with(|| script.sha1());
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `verb` is `EVAL` with a text or `EVALSHA` with its SHA-1.
    pub(crate) fn words<'a>(
        verb: &'a str,
        text: &'a str,
        key_count: &'a str,
        keys: &'a [String],
        args: &'a [String],
    ) -> Vec<&'a str> {
        [verb, text, key_count].into_iter().chain(keys.iter().chain(args).map(String::as_str)).collect()
    }

    /// Whether a server says that it does not know the script it was called by.
    pub(crate) fn is_unknown(reply: &Reply) -> bool {
        matches!(reply, Reply::Error(text) if text.starts_with("NOSCRIPT"))
    }
}
