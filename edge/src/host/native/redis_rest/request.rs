//! What a request asks for: commands from a JSON body, or one command from the path.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::port::kv::Command;

/// How the commands run together.
pub(super) enum Target {
    Command,
    Pipeline,
    Transaction,
}

pub(super) struct Request {
    pub(super) target: Target,
    pub(super) commands: Vec<Command>,
}

/// # Errors
/// A text in Redis' style for a body or path that holds no command.
pub(super) fn parse(path: &str, query: &[(String, String)], body: &[u8]) -> Result<Request, &'static str> {
    match path.trim_matches('/') {
        "" => {
            let command = command(json(body, "ERR failed to parse command")?).ok_or("ERR failed to parse command")?;
            one(command)
        }
        "pipeline" => {
            Ok(Request { target: Target::Pipeline, commands: group(body, "ERR failed to parse pipeline request")? })
        }
        "multi-exec" => {
            let commands = group(body, "ERR failed to parse multi-exec request")?;
            Ok(Request { target: Target::Transaction, commands })
        }
        path => {
            let mut words = path
                .split('/')
                .map(|word| percent_decode_str(word).decode_utf8().map(String::from))
                .collect::<Result<Vec<String>, _>>()
                .map_err(|_| "ERR the path is not UTF-8")?;
            if !body.is_empty() {
                words.push(String::from_utf8(body.to_vec()).map_err(|_| "ERR the body is not UTF-8")?);
            }
            for (name, value) in query.iter().filter(|(name, _)| name != "_token") {
                words.push(name.clone());
                // `?NX` is an argument without a value.
                if !value.is_empty() {
                    words.push(value.clone());
                }
            }
            one(Command(words))
        }
    }
}

/// The names and values of a query string, decoded.
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Takes Upstash's own flag out of a script's first line (`#!lua flags=allow-key-locking`), which Redis
/// would refuse. It asks Upstash to lock the script's keys only; Redis always runs a script alone.
/// `EVALSHA` then does not find the client's SHA-1, and clients go on to `EVAL`.
fn without_upstash_flags(mut command: Command) -> Command {
    let script = match command.0.as_mut_slice() {
        [name, script, ..] if name.eq_ignore_ascii_case("eval") || name.eq_ignore_ascii_case("eval_ro") => script,
        [name, load, script] if name.eq_ignore_ascii_case("script") && load.eq_ignore_ascii_case("load") => script,
        _ => return command,
    };
    if let Some((first, rest)) = script.split_once('\n')
        && let Some(flags) = first.trim().strip_prefix("#!lua flags=")
    {
        let kept: Vec<&str> = flags.split(',').filter(|flag| *flag != "allow-key-locking").collect();
        let first = if kept.is_empty() { "#!lua".to_owned() } else { format!("#!lua flags={}", kept.join(",")) };
        *script = format!("{first}\n{rest}");
    }
    command
}

fn one(command: Command) -> Result<Request, &'static str> {
    match command.0.first() {
        Some(name) if !name.is_empty() => {
            Ok(Request { target: Target::Command, commands: vec![without_upstash_flags(command)] })
        }
        _ => Err("ERR empty command"),
    }
}

fn json(body: &[u8], otherwise: &'static str) -> Result<Value, &'static str> {
    serde_json::from_slice(body).map_err(|_| otherwise)
}

fn group(body: &[u8], otherwise: &'static str) -> Result<Vec<Command>, &'static str> {
    let Value::Array(lines) = json(body, otherwise)? else { return Err(otherwise) };
    if lines.is_empty() {
        return Err("ERR empty pipeline request");
    }
    lines.into_iter().map(|line| command(line).map(without_upstash_flags)).collect::<Option<Vec<_>>>().ok_or(otherwise)
}

/// A JSON array of strings, numbers and booleans, the last two as JSON prints them.
fn command(line: Value) -> Option<Command> {
    let Value::Array(words) = line else { return None };
    let word = |word: Value| match word {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    words.into_iter().map(word).collect::<Option<Vec<String>>>().map(Command)
}
