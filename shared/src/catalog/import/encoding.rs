//! The bytes of a file: UTF-8 or nothing.

use std::collections::VecDeque;
use std::io::{self, Read};

/// Why the bytes are not those of a CSV file in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    #[error(
        "line {line}, byte {offset} of the file is not UTF-8 (0x{byte:02X}): the file looks like Windows-1252. Save \
         it again as UTF-8: in Excel as \"CSV UTF-8 (comma delimited)\", in LibreOffice with the character set \
         \"Unicode (UTF-8)\""
    )]
    NotUtf8 { line: u64, offset: u64, byte: u8 },
    #[error(
        "the file is in UTF-16. Save it again as UTF-8: in Excel as \"CSV UTF-8 (comma delimited)\", in LibreOffice \
         with the character set \"Unicode (UTF-8)\""
    )]
    Utf16,
    #[error("the file is a zip archive or an Excel workbook: save the sheet as \"CSV UTF-8 (comma delimited)\"")]
    Archive,
    #[error("line {line}, byte {offset} of the file is zero: this is not a text file in UTF-8")]
    Zero { line: u64, offset: u64 },
}

/// Reads `source` to its end and refuses what [`super::ImportReader`] would refuse for its encoding, so that a
/// file can be turned away before anything of it is imported.
///
/// # Errors
/// That of `source`, or one whose inner error is an [`EncodingError`].
pub fn check_encoding(source: impl Read) -> io::Result<()> {
    io::copy(&mut Source::new(source), &mut io::sink()).map(drop)
}

/// What [`Source::read`] fails with, inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    #[error("too long")]
    TooLong,
}

impl From<SourceError> for io::Error {
    fn from(error: SourceError) -> io::Error {
        match error {
            // The outermost error is what callers look for.
            SourceError::Encoding(encoding) => io::Error::new(io::ErrorKind::InvalidData, encoding),
            SourceError::TooLong => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// Passes the bytes of `inner` on, without a byte order mark, while they are UTF-8 without zeros.
///
/// It also remembers where lines end, because the CSV parser stops between CR and LF and its own line numbers
/// are then one short. Positions count the bytes passed on.
pub(super) struct Source<R> {
    inner: R,
    /// The start of the file that was read to look for a byte order mark and is not passed on yet.
    start: VecDeque<u8>,
    started: bool,
    check: Utf8Check,
    passed: u64,
    limit: u64,
    line_feeds: VecDeque<u64>,
}

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Source<R> {
        Source {
            inner,
            start: VecDeque::new(),
            started: false,
            check: Utf8Check { offset: 0, line: 1, begun: Vec::new() },
            passed: 0,
            limit: u64::MAX,
            line_feeds: VecDeque::new(),
        }
    }

    /// Fails with `TooLong` when more than `limit` bytes from the start are asked for.
    pub(super) fn limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Whether the byte before `position` is a line feed. Forgets what stands before; positions must not fall.
    pub(super) fn line_ends_at(&mut self, position: u64) -> bool {
        let Some(last) = position.checked_sub(1) else { return false };
        while self.line_feeds.front().is_some_and(|&at| at < last) {
            self.line_feeds.pop_front();
        }
        self.line_feeds.front() == Some(&last)
    }

    fn look_at_start(&mut self) -> io::Result<()> {
        let mut start = Vec::with_capacity(4);
        (&mut self.inner).take(4).read_to_end(&mut start)?;
        match start.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(SourceError::from(EncodingError::Utf16))?,
            [b'P', b'K', 3, 4] => Err(SourceError::from(EncodingError::Archive))?,
            [0xef, 0xbb, 0xbf, rest @ ..] => {
                self.check.offset = 3;
                self.start.extend(rest);
            }
            all => self.start.extend(all),
        }
        self.started = true;
        Ok(())
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.started {
            self.look_at_start()?;
        }
        if self.limit < self.passed {
            Err(SourceError::TooLong)?;
        }
        let read = if self.start.is_empty() { self.inner.read(buffer)? } else { self.start.read(buffer)? };
        let chunk = buffer.get(..read).unwrap_or_default();
        if chunk.is_empty() && !buffer.is_empty() {
            self.check.end().map_err(SourceError::from)?;
        }
        self.check.next(chunk).map_err(SourceError::from)?;
        for (at, &byte) in (self.passed..).zip(chunk) {
            if byte == b'\n' {
                self.line_feeds.push_back(at);
            }
        }
        self.passed = self.passed.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

/// UTF-8, checked chunk by chunk.
struct Utf8Check {
    /// Bytes of the file before the next chunk, the begun character included.
    offset: u64,
    /// Line on which the next chunk starts.
    line: u64,
    /// At most three bytes of a character that the next chunk must complete.
    begun: Vec<u8>,
}

impl Utf8Check {
    fn next(&mut self, chunk: &[u8]) -> Result<(), EncodingError> {
        let mut rest = chunk;
        while let (false, Some((&byte, after))) = (self.begun.is_empty(), rest.split_first()) {
            self.begun.push(byte);
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    // The byte just added counts only in the offset of what follows.
                    let before = u64::try_from(self.begun.len()).unwrap_or(0).saturating_sub(1);
                    return Err(self.not_utf8(self.offset.saturating_sub(before), self.line, self.begun.first()));
                }
            }
            self.offset = self.offset.saturating_add(1);
            rest = after;
        }
        let checked = std::str::from_utf8(rest);
        let valid = checked.map_or_else(|error| error.valid_up_to(), str::len);
        let (valid, tail) = rest.split_at_checked(valid).unwrap_or((rest, &[]));
        if let Some(zero) = valid.iter().position(|&byte| byte == 0) {
            let (offset, line) = self.after(valid.get(..zero).unwrap_or_default());
            return Err(EncodingError::Zero { line, offset });
        }
        if checked.is_err_and(|error| error.error_len().is_some()) {
            let (offset, line) = self.after(valid);
            return Err(self.not_utf8(offset, line, tail.first()));
        }
        self.begun.extend(tail);
        (self.offset, self.line) = self.after(rest);
        Ok(())
    }

    fn end(&self) -> Result<(), EncodingError> {
        let begun = u64::try_from(self.begun.len()).unwrap_or(0);
        if begun == 0 {
            Ok(())
        } else {
            Err(self.not_utf8(self.offset.saturating_sub(begun), self.line, self.begun.first()))
        }
    }

    /// Offset and line after `bytes`.
    fn after(&self, bytes: &[u8]) -> (u64, u64) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let lines = u64::try_from(bytes.iter().filter(|&&byte| byte == b'\n').count()).unwrap_or(u64::MAX);
        (self.offset.saturating_add(length), self.line.saturating_add(lines))
    }

    fn not_utf8(&self, offset: u64, line: u64, byte: Option<&u8>) -> EncodingError {
        EncodingError::NotUtf8 { line, offset, byte: byte.copied().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader that gives out `step` bytes at a time.
    struct Steps<'a>(&'a [u8], usize);

    impl Read for Steps<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.1.min(buffer.len());
            self.0.read(&mut buffer[..step])
        }
    }

    fn error(bytes: &[u8], step: usize) -> EncodingError {
        check_encoding(Steps(bytes, step)).unwrap_err().downcast().unwrap()
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_by_line_and_offset() {
        for step in [1, 2, 3, 5, 100] {
            for (bytes, line, offset, byte) in [
                (&b"a\nb\xe9c"[..], 2, 3, 0xe9),
                (b"\xef\xbb\xbfa\nb\xe9", 2, 6, 0xe9),
                (b"a\n\nJ\xf6rg,1\n", 3, 4, 0xf6),
                ("ok é€😀\n\u{7f}".as_bytes(), 0, 0, 0),
                (b"abc\xe2\x82", 1, 3, 0xe2),
                (b"abc\xe2\x82d", 1, 3, 0xe2),
                (b"\x80", 1, 0, 0x80),
                (b"x\xed\xa0\x80", 1, 1, 0xed),
            ] {
                if line == 0 {
                    check_encoding(Steps(bytes, step)).unwrap();
                } else {
                    let expected = EncodingError::NotUtf8 { line, offset, byte };
                    assert_eq!(error(bytes, step), expected, "{bytes:?} by {step}");
                }
            }
        }
        let told = error(b"a\nb\xe9c", 9).to_string();
        assert!(told.starts_with("line 2, byte 3 of the file is not UTF-8 (0xE9)"), "{told}");
        assert!(told.contains("Windows-1252") && told.contains("CSV UTF-8"), "{told}");
    }

    #[test]
    fn other_kinds_of_file_are_named() {
        assert_eq!(error(b"\xff\xfeH\0a\0", 9), EncodingError::Utf16);
        assert_eq!(error(b"\xfe\xff\0H", 1), EncodingError::Utf16);
        assert_eq!(error(b"PK\x03\x04\x14", 9), EncodingError::Archive);
        assert_eq!(error(b"H\na\0", 9), EncodingError::Zero { line: 2, offset: 3 });
    }

    #[test]
    fn a_byte_order_mark_is_not_passed_on() {
        for (bytes, text) in [(&b"\xef\xbb\xbfab"[..], "ab"), (b"ab", "ab"), (b"\xef\xbb\xbf", ""), (b"", "")] {
            let mut got = String::new();
            Source::new(Steps(bytes, 1)).read_to_string(&mut got).unwrap();
            assert_eq!(got, text);
        }
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(bytes: Vec<u8>, step in 1usize..9) {
            let bytes: Vec<u8> = [b"abcd", bytes.as_slice()].concat();
            let whole = check_encoding(bytes.as_slice()).map_err(|error| error.to_string());
            prop_assert_eq!(check_encoding(Steps(&bytes, step)).map_err(|error| error.to_string()), whole);
        }

        #[test]
        fn utf8_is_passed_on_as_it_is(text in "[^\u{0}]{0,40}", step in 1usize..9) {
            let text = format!("abcd{text}");
            let mut got = String::new();
            Source::new(Steps(text.as_bytes(), step)).read_to_string(&mut got).unwrap();
            prop_assert_eq!(got, text);
        }
    }
}
