//! How the tests write commands and answers.
//!
//! A command is its words with spaces between; a word that holds a space, or nothing, or an escape is
//! a JSON string. An answer is JSON too: `null`, `1`, `"text"`, `[...]`, and `! text` for an error.

use headlesspro_edge::port::kv::{Command, Reply};
use serde_json::Value;

pub fn command(line: &str) -> Command {
    let (mut words, mut rest) = (Vec::new(), line.trim());
    while !rest.is_empty() {
        let end = match rest.starts_with('"') {
            false => rest.find(' ').unwrap_or(rest.len()),
            true => {
                let mut json = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                json.next().unwrap().unwrap_or_else(|error| panic!("{line}: {error}"));
                json.byte_offset()
            }
        };
        let (word, after) = rest.split_at(end);
        words.push(match word.starts_with('"') {
            true => serde_json::from_str(word).unwrap(),
            false => word.to_owned(),
        });
        rest = after.trim_start();
    }
    Command(words)
}

pub fn print(reply: &Reply) -> String {
    match reply {
        Reply::Error(text) => format!("! {text}"),
        reply => json(reply).to_string(),
    }
}

fn json(reply: &Reply) -> Value {
    match reply {
        Reply::Nil => Value::Null,
        Reply::Integer(number) => (*number).into(),
        Reply::Text(text) => text.as_str().into(),
        Reply::Array(replies) => replies.iter().map(json).collect(),
        Reply::Error(text) => serde_json::json!({ "error": text }),
    }
}

/// The answer with its top-level array in order, `size` elements at a time (2 for field and value).
pub fn sorted(reply: Reply, size: usize) -> Reply {
    match reply {
        Reply::Array(replies) => {
            let mut groups: Vec<&[Reply]> = replies.chunks(size).collect();
            groups.sort_by_key(|group| group.iter().map(print).collect::<Vec<_>>());
            Reply::Array(groups.concat())
        }
        other => other,
    }
}
