//! Rows of a CSV file, with the line on which each starts.

use std::io::Read;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::encoding::{Source, SourceError};
use super::{EncodingError, ImportError};

/// More than a product with the longest description needs.
const MOST_ROW_BYTES: u64 = 2 << 20;

pub(super) struct Rows<R> {
    csv: csv::Reader<Source<R>>,
    /// On which the row starts that was read last, or could not be read.
    line: u64,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(source: R) -> Rows<R> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).buffer_capacity(64 << 10);
        Rows { csv: builder.from_reader(Source::new(source)), line: 1 }
    }

    /// The line on which the row starts that was read last, or could not be read.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads the next row that has any text into `cells`. The line on which it starts, `None` at the end.
    pub(super) fn next(&mut self, cells: &mut StringRecord) -> Result<Option<u64>, ImportError> {
        loop {
            let start = self.csv.position().clone();
            self.line = start.line();
            self.csv.get_mut().limit(start.byte().saturating_add(MOST_ROW_BYTES));
            if !self.csv.read_record(cells).map_err(|error| import_error(error, start.line()))? {
                return Ok(None);
            }
            let line = self.line_of(cells);
            if cells.iter().any(|text| !text.trim().is_empty()) {
                return Ok(Some(line));
            }
        }
    }

    /// The parser knows the line after the row, give or take the line feed of a CRLF, which it leaves for the
    /// next row; line feeds within quotes are in the cells.
    fn line_of(&mut self, cells: &StringRecord) -> u64 {
        let end = self.csv.position().clone();
        let within = cells.as_slice().bytes().filter(|&byte| byte == b'\n').count();
        let after = u64::from(self.csv.get_mut().line_ends_at(end.byte()));
        end.line().saturating_sub(after).saturating_sub(u64::try_from(within).unwrap_or(u64::MAX))
    }
}

fn import_error(error: csv::Error, line: u64) -> ImportError {
    let text = error.to_string();
    let ErrorKind::Io(error) = error.into_kind() else { return ImportError::Read(text) };
    if let Some(inner) = error.get_ref() {
        if let Some(&encoding) = inner.downcast_ref::<EncodingError>() {
            return ImportError::Encoding(encoding);
        }
        if inner.is::<SourceError>() {
            return ImportError::RowTooLong { line };
        }
    }
    ImportError::Read(error.to_string())
}
