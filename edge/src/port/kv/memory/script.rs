//! `EVAL`, `EVALSHA` and `SCRIPT`: the project's own scripts, run as their Rust twins.

use std::collections::BTreeMap;

use super::command::{Answer, NOT_AN_INTEGER, Refused};
use super::keyspace::Keyspace;
use super::number::parse_integer;
use crate::port::kv::{Reply, Script};

/// The scripts this store knows, by the SHA-1 of their Lua text.
pub(super) struct Registry(BTreeMap<String, &'static Script>);

impl Registry {
    pub(super) fn new(scripts: &'static [&'static Script]) -> Registry {
        Registry(scripts.iter().map(|script| (script.sha1(), *script)).collect())
    }

    fn by_text(&self, lua: &str) -> Result<(&str, &'static Script), Refused> {
        let known = self.0.iter().find(|(_, script)| script.lua == lua);
        known.map(|(sha1, script)| (sha1.as_str(), *script)).ok_or(Refused::Because(
            "ERR the in-process store runs no Lua but HeadlessPro's own scripts; use a Redis server for others",
        ))
    }

    fn by_sha1(&self, sha1: &str) -> Result<&'static Script, Refused> {
        self.0
            .get(&sha1.to_ascii_lowercase())
            .copied()
            .ok_or(Refused::Because("NOSCRIPT No matching script. Please use EVAL."))
    }
}

#[derive(Clone, Copy)]
pub(super) enum Verb {
    Eval,
    EvalSha,
    Load,
    Exists,
    Flush,
}

/// Name, arity and verb of a script command, or nothing when it is another command.
pub(super) fn find(name: &str, args: &[&str]) -> Option<Result<(&'static str, isize, Verb), String>> {
    if name.eq_ignore_ascii_case("eval") {
        return Some(Ok(("eval", -3, Verb::Eval)));
    }
    if name.eq_ignore_ascii_case("evalsha") {
        return Some(Ok(("evalsha", -3, Verb::EvalSha)));
    }
    if !name.eq_ignore_ascii_case("script") {
        return None;
    }
    let Some(subcommand) = args.first() else {
        return Some(Err("ERR wrong number of arguments for 'script' command".to_owned()));
    };
    Some(match subcommand.to_ascii_lowercase().as_str() {
        "load" => Ok(("script|load", 3, Verb::Load)),
        "exists" => Ok(("script|exists", -3, Verb::Exists)),
        "flush" => Ok(("script|flush", -2, Verb::Flush)),
        _ => Err(format!("ERR unknown subcommand '{subcommand}'. Try SCRIPT HELP.")),
    })
}

pub(super) fn run(verb: Verb, keyspace: &mut Keyspace, scripts: &Registry, args: &[&str]) -> Answer {
    let [first, rest @ ..] = args else { return Err(Refused::Arity) };
    match verb {
        Verb::Eval => {
            let call = split_keys(rest)?;
            run_twin(scripts.by_text(first)?.1, keyspace, call)
        }
        Verb::EvalSha => {
            let call = split_keys(rest)?;
            run_twin(scripts.by_sha1(first)?, keyspace, call)
        }
        Verb::Load => {
            let [lua] = rest else { return Err(Refused::Arity) };
            Ok(Reply::text(scripts.by_text(lua)?.0))
        }
        Verb::Exists => Ok(Reply::Array(rest.iter().map(|sha1| Reply::flag(scripts.by_sha1(sha1).is_ok())).collect())),
        // The scripts are part of the program; there is nothing to forget.
        Verb::Flush => Ok(Reply::ok()),
    }
}

fn run_twin(script: &'static Script, keyspace: &mut Keyspace, (keys, args): (&[&str], &[&str])) -> Answer {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    Ok((script.native)(keyspace, &owned(keys), &owned(args)))
}

/// `numkeys key ... arg ...`, cut in two.
fn split_keys<'a>(words: &'a [&'a str]) -> Result<(&'a [&'a str], &'a [&'a str]), Refused> {
    let [count, words @ ..] = words else { return Err(Refused::Arity) };
    let count = parse_integer(count).ok_or(NOT_AN_INTEGER)?;
    let count = usize::try_from(count).map_err(|_| Refused::Because("ERR Number of keys can't be negative"))?;
    words.split_at_checked(count).ok_or(Refused::Because("ERR Number of keys can't be greater than number of args"))
}
