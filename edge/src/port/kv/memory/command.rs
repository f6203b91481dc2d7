//! The command table, and how a command line is checked before it runs.

use super::keyspace::Keyspace;
use super::script::{self, Registry};
use super::{hash, keys, list, server, set, sorted_set, string};
use crate::port::kv::Reply;

/// One command of the table.
pub(super) struct Spec {
    /// In lower case, as Redis' error texts have it.
    name: &'static str,
    /// The number of words with the name; negative: at least that many.
    arity: isize,
    run: fn(&mut Keyspace, args: &[&str]) -> Answer,
}

/// A data command: `run` gets the words after the name.
pub(super) const fn spec(name: &'static str, arity: isize, run: fn(&mut Keyspace, &[&str]) -> Answer) -> Spec {
    Spec { name, arity, run }
}

pub(super) type Answer = Result<Reply, Refused>;

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// A number of words that the command's table entry allows, but not the command itself.
    Arity,
    /// `EX`, `PX` and the like that no key can expire at.
    ExpireTime,
    Because(&'static str),
    Text(String),
}

pub(super) const WRONG_TYPE: Refused =
    Refused::Because("WRONGTYPE Operation against a key holding the wrong kind of value");
pub(super) const NOT_AN_INTEGER: Refused = Refused::Because("ERR value is not an integer or out of range");
pub(super) const SYNTAX: Refused = Refused::Because("ERR syntax error");
pub(super) const WOULD_OVERFLOW: Refused = Refused::Because("ERR increment or decrement would overflow");

/// A command that exists and has an acceptable number of words.
pub(super) struct Call<'a> {
    name: &'static str,
    what: What,
    args: &'a [&'a str],
}

#[derive(Clone, Copy)]
enum What {
    Data(fn(&mut Keyspace, &[&str]) -> Answer),
    Script(script::Verb),
}

impl Call<'_> {
    pub(super) fn run(self, keyspace: &mut Keyspace, scripts: &Registry) -> Reply {
        let answer = match self.what {
            What::Data(run) => run(keyspace, self.args),
            What::Script(verb) => script::run(verb, keyspace, scripts, self.args),
        };
        answer.unwrap_or_else(|refused| Reply::Error(refused.text(self.name)))
    }

    pub(super) fn run_in_script(self, keyspace: &mut Keyspace) -> Reply {
        let answer = match self.what {
            What::Data(run) => run(keyspace, self.args),
            What::Script(_) => Err(Refused::Because("ERR This Redis command is not allowed from script")),
        };
        answer.unwrap_or_else(|refused| Reply::Error(refused.text(self.name)))
    }
}

impl Refused {
    /// Redis' text for a refusal of the command `name`.
    fn text(self, name: &str) -> String {
        match self {
            Refused::Arity => format!("ERR wrong number of arguments for '{name}' command"),
            Refused::ExpireTime => format!("ERR invalid expire time in '{name}' command"),
            Refused::Because(text) => text.to_owned(),
            Refused::Text(text) => text,
        }
    }
}

/// Looks a command up and checks how many words it has: what Redis does when a transaction queues it.
///
/// # Errors
/// Redis' text for an unknown command or a wrong number of arguments.
pub(super) fn parse<'a>(words: &'a [&'a str]) -> Result<Call<'a>, String> {
    let Some((name, args)) = words.split_first() else {
        return Err("ERR empty command".to_owned());
    };
    if let Some(found) = script::find(name, args) {
        let (name, arity, verb) = found?;
        return check(name, arity, words.len()).map(|()| Call { name, what: What::Script(verb), args });
    }
    let spec = find(name).ok_or_else(|| unknown(name, args))?;
    check(spec.name, spec.arity, words.len())?;
    Ok(Call { name: spec.name, what: What::Data(spec.run), args })
}

fn find(name: &str) -> Option<&'static Spec> {
    [hash::COMMANDS, string::COMMANDS, keys::COMMANDS, set::COMMANDS, list::COMMANDS, sorted_set::COMMANDS]
        .into_iter()
        .chain([server::COMMANDS])
        .flatten()
        .find(|spec| spec.name.eq_ignore_ascii_case(name))
}

fn check(name: &str, arity: isize, words: usize) -> Result<(), String> {
    let accepted = match arity < 0 {
        true => words >= arity.unsigned_abs(),
        false => words == arity.unsigned_abs(),
    };
    if accepted { Ok(()) } else { Err(Refused::Arity.text(name)) }
}

/// Redis quotes the name and about 128 bytes of the arguments, line breaks as spaces.
fn unknown(name: &str, args: &[&str]) -> String {
    const QUOTED: usize = 128;
    let mut quoted = String::new();
    for arg in args {
        let Some(room) = QUOTED.checked_sub(quoted.len()).filter(|room| 0 < *room) else { break };
        quoted.push('\'');
        quoted.push_str(prefix(arg, room));
        quoted.push_str("' ");
    }
    format!("ERR unknown command '{}', with args beginning with: {quoted}", prefix(name, QUOTED))
        .replace(['\r', '\n'], " ")
}

/// The longest prefix of at most `bytes` bytes that ends between two characters.
fn prefix(text: &str, bytes: usize) -> &str {
    (0..=bytes.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or(text)
}
