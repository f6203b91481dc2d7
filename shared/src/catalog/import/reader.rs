//! The reader: rows in, products out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Read;

use csv::StringRecord;
use xxhash_rust::xxh3::xxh3_128;

use super::group::Group;
use super::header::{Column, Header};
use super::problems::Problems;
use super::row::Row;
use super::rows::Rows;
use super::{ImportError, Parsed};
use crate::kernel::handle::Handle;
use crate::kernel::money::Currency;

/// Reads products from a CSV file, one at a time and in the order of the file.
///
/// As an iterator it yields what became of each handle. An [`ImportError`] is the last item.
///
/// What the file may look like: UTF-8 with or without a byte order mark; lines end in LF or CRLF; commas
/// between columns; quoted cells may hold commas, line breaks and doubled quotes. The rows of one handle stand
/// together; the first of them describes the product. Rows without any text are passed over.
pub struct ImportReader<R> {
    rows: Rows<R>,
    header: Header,
    currency: Currency,
    /// Where `line` is given: a row that is read and not yet part of a product.
    cells: StringRecord,
    line: Option<u64>,
    ended: bool,
    /// First lines by the hash of the handle: 32 bytes a product instead of its whole handle.
    first_lines: BTreeMap<u128, u64>,
}

impl<R: Read> ImportReader<R> {
    /// Reads the header. Prices are amounts of `currency`.
    ///
    /// # Errors
    /// [`ImportError`], where the file is empty, not in UTF-8, or its header cannot be used.
    pub fn new(source: R, currency: Currency) -> Result<ImportReader<R>, ImportError> {
        let mut rows = Rows::new(source);
        let mut cells = StringRecord::new();
        rows.next(&mut cells)?.ok_or(ImportError::Empty)?;
        let header = Header::read(&cells)?;
        let first_lines = BTreeMap::new();
        Ok(ImportReader { rows, header, currency, cells, line: None, ended: false, first_lines })
    }

    /// The columns of the file that are not imported, in their order.
    pub fn ignored_columns(&self) -> &[String] {
        &self.header.ignored
    }

    /// Where the file stands: the line on which the row starts that was read last, or could not be read.
    pub fn line(&self) -> u64 {
        self.rows.line()
    }

    /// What the header of the file calls the column of SKUs, or Shopify does where it has none.
    pub fn sku_column(&self) -> &str {
        self.header.name(Column::Sku)
    }

    fn next_product(&mut self) -> Result<Option<Parsed>, ImportError> {
        if self.line.is_none() {
            self.read_row()?;
        }
        let Some(line) = self.line else { return Ok(None) };
        let row = Row { header: &self.header, cells: &self.cells, line };
        let written = row.text(Column::Handle).to_owned();
        let handle = handle(&written);

        let reason = match &handle {
            None if written.is_empty() => Some("is empty".to_owned()),
            None => Some("holds no letter or digit".to_owned()),
            Some(handle) => first_line(&mut self.first_lines, handle, line).map(|first| {
                format!("`{written}` already stands in line {first}: the rows of one product must be together")
            }),
        };
        match (handle, reason) {
            (Some(handle), None) => {
                let mut group = Group::start(row, handle, self.currency);
                while self.continues(&written)? {
                    if let Some(line) = self.line {
                        group.add(Row { header: &self.header, cells: &self.cells, line });
                    }
                }
                Ok(Some(group.finish()))
            }
            (_, reason) => {
                let mut problems = Problems::new(&written);
                problems.error(line, Some(self.header.name(Column::Handle)), reason.unwrap_or_default());
                while self.continues(&written)? {}
                let errors = problems.finish(line).err().unwrap_or_default();
                Ok(Some(Parsed::Refused { errors }))
            }
        }
    }

    /// Reads the next row and says whether it belongs to the product of `written`. If not, it is kept.
    fn continues(&mut self, written: &str) -> Result<bool, ImportError> {
        self.read_row()?;
        let Some(line) = self.line else { return Ok(false) };
        let row = Row { header: &self.header, cells: &self.cells, line };
        let text = row.text(Column::Handle);
        Ok(if text.is_empty() {
            // A row that lost its handle, and no product of its own.
            !row.has_title()
        } else {
            text == written || handle(text).is_some_and(|other| handle(written) == Some(other))
        })
    }

    fn read_row(&mut self) -> Result<(), ImportError> {
        self.line = self.rows.next(&mut self.cells)?;
        Ok(())
    }
}

impl<R: Read> Iterator for ImportReader<R> {
    type Item = Result<Parsed, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_product().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The handle of a cell: as it is, or what Shopify would make of it.
fn handle(written: &str) -> Option<Handle> {
    written.parse().ok().or_else(|| Handle::slugify(written))
}

/// Where `handle` stood before; remembers `line` where it did not.
fn first_line(lines: &mut BTreeMap<u128, u64>, handle: &Handle, line: u64) -> Option<u64> {
    match lines.entry(xxh3_128(handle.as_str().as_bytes())) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(free) => {
            free.insert(line);
            None
        }
    }
}
