//! JSON Lines: one product a line.

use headlesspro_shared::catalog::source::Fault;
use serde_json::Value;

use super::super::http::LIMIT;
use crate::extract::{CARD_NUMBER, card_numbers, json_tree};

/// A line of a part.
pub struct Line {
    /// In the part, counted from 1.
    pub number: i64,
    /// Where the next one begins, in bytes of the part.
    pub end: usize,
    /// A JSON object, or what is wrong with it. `None`: a line without anything.
    pub json: Option<Result<Value, Vec<Fault>>>,
}

/// At most `most` lines of `part` from this byte on, which is the first of the line after `before` others.
pub fn lines(part: &[u8], from: usize, before: i64, most: usize) -> Vec<Line> {
    let (mut at, mut number, mut lines) = (from, before, Vec::new());
    while let Some(rest) = part.get(at..).filter(|rest| !rest.is_empty()) {
        if most <= lines.len() {
            break;
        }
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        // A mark of the byte order is no part of the text.
        let text = if at == 0 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
        at = at.saturating_add(length).saturating_add(1).min(part.len());
        number = number.saturating_add(1);
        let is_blank = text.iter().all(u8::is_ascii_whitespace);
        lines.push(Line { number, end: at, json: (!is_blank).then(|| read(text)) });
    }
    lines
}

fn read(text: &[u8]) -> Result<Value, Vec<Fault>> {
    let fault = |path: String, reason: String| Fault { path, reason };
    if LIMIT < text.len() {
        return Err(vec![fault(String::new(), format!("has more than {LIMIT} bytes"))]);
    }
    let (json, twice) = json_tree(text).map_err(|reason| vec![fault(String::new(), reason)])?;
    let mut faults: Vec<Fault> = twice.into_iter().map(|path| fault(path, "is there more than once".into())).collect();
    faults.extend(card_numbers(&json).into_iter().map(|path| fault(path, CARD_NUMBER.into())));
    if !json.is_object() {
        faults.push(fault(String::new(), "must be one JSON object".into()));
    }
    if faults.is_empty() { Ok(json) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(part: &[u8], from: usize, before: i64) -> Vec<(i64, usize, String)> {
        let said = |json: Option<Result<Value, Vec<Fault>>>| match json {
            None => "blank".to_owned(),
            Some(Ok(json)) => json.to_string(),
            Some(Err(faults)) => format!("{}: {}", faults[0].path, faults[0].reason),
        };
        lines(part, from, before, 9).into_iter().map(|line| (line.number, line.end, said(line.json))).collect()
    }

    #[test]
    fn each_line_is_read_by_itself() {
        let part = b"\xef\xbb\xbf{\"a\":1}\r\n\n{\"a\":1,\"a\":2}\n[]\n{\"a\"\n\xff\n{}";
        let found = told(part, 0, 0);
        assert_eq!((found[0].0, found[0].2.as_str()), (1, "{\"a\":1}"));
        assert_eq!(found[1].2, "blank");
        assert_eq!(found[2].2, "a: is there more than once");
        assert_eq!(found[3].2, ": must be one JSON object");
        assert!(found[4].2.starts_with(": is not JSON"), "{found:?}");
        assert!(found[5].2.starts_with(": is not UTF-8"), "{found:?}");
        assert_eq!((found[6].0, found[6].1, found[6].2.as_str()), (7, part.len(), "{}"));
        // From any line's beginning the rest is the same.
        for (number, end, _) in &found {
            assert_eq!(told(part, *end, *number), found[usize::try_from(*number).unwrap()..]);
        }
        let card = told(br#"{"title":"4242 4242 4242 4242"}"#, 0, 0);
        assert!(card[0].2.starts_with("title: looks like a card number"), "{card:?}");
        let deep = "[".repeat(1_000);
        assert!(told(deep.as_bytes(), 0, 0)[0].2.starts_with(": is not JSON"));
    }
}
