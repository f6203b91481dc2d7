//! Cursors of keyset pages.

use std::fmt::{self, Display};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Where the next page starts: the sort it belongs to, and the sort key of the last item seen.
///
/// The text is safe in a URL (base64url without padding). It is neither secret nor signed: whoever has it can read it
/// and make another, so it holds keys that the caller may know, and whoever uses the parts binds them as SQL parameters.
/// Where a list ends at what its caller may not know, the one part is a sealed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    sort: String,
    parts: Vec<CursorPart>,
}

/// One column of a sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CursorPart {
    Integer(i64),
    Text(String),
}

/// Why a text cannot be used as the cursor of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCursor {
    #[error("the cursor is not one that this API gave out")]
    Malformed,
    #[error("the cursor belongs to another sort order: start again without it")]
    OtherSort,
}

impl Cursor {
    /// The most characters a cursor's text may have: room for two long titles and an id.
    pub const MAX_CHARS: usize = 4_096;

    pub fn new(sort: impl Into<String>, parts: Vec<CursorPart>) -> Cursor {
        Cursor { sort: sort.into(), parts }
    }

    pub fn sort(&self) -> &str {
        &self.sort
    }

    /// The sort key, provided that the list is sorted the way it was when the cursor was given out.
    ///
    /// # Errors
    /// `OtherSort`.
    pub fn parts_for(&self, sort: &str) -> Result<&[CursorPart], InvalidCursor> {
        if self.sort == sort { Ok(&self.parts) } else { Err(InvalidCursor::OtherSort) }
    }
}

// The bytes: FORMAT, the sort as a text, then each part as a tag and a text or eight bytes, big end first.
// A text is its length in bytes (four, big end first) and its bytes.
const FORMAT: u8 = 1;
const INTEGER: u8 = b'i';
const TEXT: u8 = b't';

impl Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![FORMAT];
        push_text(&mut bytes, &self.sort)?;
        for part in &self.parts {
            match part {
                CursorPart::Integer(integer) => {
                    bytes.push(INTEGER);
                    bytes.extend(integer.to_be_bytes());
                }
                CursorPart::Text(text) => {
                    bytes.push(TEXT);
                    push_text(&mut bytes, text)?;
                }
            }
        }
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) -> fmt::Result {
    bytes.extend(u32::try_from(text.len()).map_err(|_| fmt::Error)?.to_be_bytes());
    bytes.extend(text.as_bytes());
    Ok(())
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Cursor, InvalidCursor> {
        if Cursor::MAX_CHARS < text.len() {
            return Err(InvalidCursor::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor::Malformed)?;
        read(&bytes).ok_or(InvalidCursor::Malformed)
    }
}

fn read(bytes: &[u8]) -> Option<Cursor> {
    let (&format, mut rest) = bytes.split_first()?;
    if format != FORMAT {
        return None;
    }
    let sort = take_text(&mut rest)?;
    let mut parts = Vec::new();
    while let Some((&tag, after)) = rest.split_first() {
        rest = after;
        parts.push(match tag {
            INTEGER => CursorPart::Integer(i64::from_be_bytes(take(&mut rest)?)),
            TEXT => CursorPart::Text(take_text(&mut rest)?),
            _ => return None,
        });
    }
    Some(Cursor { sort, parts })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(u32::from_be_bytes(take(rest)?)).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(std::str::from_utf8(text).ok()?.to_owned())
}

serde_as_text!(Cursor, "a cursor");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_of_another_sort_is_refused() {
        let cursor = Cursor::new("price", vec![CursorPart::Integer(1_234), CursorPart::Text("prod_x".into())]);
        let again: Cursor = cursor.to_string().parse().unwrap();
        assert_eq!(again.parts_for("price").unwrap().len(), 2);
        assert_eq!(again.parts_for("title"), Err(InvalidCursor::OtherSort));
    }

    #[test]
    fn hostile_texts_are_refused() {
        let good = Cursor::new("newest", vec![CursorPart::Integer(-1), CursorPart::Text("é".into())]).to_string();
        assert!(good.parse::<Cursor>().is_ok());
        for at in 0..good.len() {
            // Cut anywhere but between two parts, nothing of it is a cursor.
            if let Ok(cut) = good.get(..at).unwrap().parse::<Cursor>() {
                assert!(cut.parts.len() < 2, "{at}");
            }
        }
        let huge_length = URL_SAFE_NO_PAD.encode([FORMAT, 0xff, 0xff, 0xff, 0xff, b'a']);
        let bad_utf8 = URL_SAFE_NO_PAD.encode([FORMAT, 0, 0, 0, 1, 0xff]);
        let other_format = URL_SAFE_NO_PAD.encode([2, 0, 0, 0, 0]);
        let long = "A".repeat(Cursor::MAX_CHARS + 1);
        for text in ["", "=", "AQ==", "%00", "a b", "\u{20ac}", &huge_length, &bad_utf8, &other_format, &long] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor::Malformed), "{text}");
        }
        let error = serde_json::from_str::<Cursor>("\"x\"").unwrap_err();
        assert!(error.to_string().contains("not one that this API gave out"), "{error}");
    }

    fn any_part() -> impl Strategy<Value = CursorPart> {
        prop_oneof![any::<i64>().prop_map(CursorPart::Integer), ".{0,40}".prop_map(CursorPart::Text)]
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(sort in ".{0,20}", parts in prop::collection::vec(any_part(), 0..4)) {
            let cursor = Cursor::new(sort, parts);
            let text = cursor.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            prop_assert_eq!(text.parse(), Ok(cursor));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,60}|[A-Za-z0-9_-]{0,200}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80), known: bool) {
            if let (true, Some(first)) = (known, bytes.first_mut()) {
                *first = FORMAT;
            }
            let _ = URL_SAFE_NO_PAD.encode(bytes).parse::<Cursor>();
        }
    }
}
