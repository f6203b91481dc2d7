//! One row of the file.

use super::header::{Column, Header};

/// The cells of a row, by what they mean.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) header: &'a Header,
    pub(super) cells: &'a csv::StringRecord,
    pub(super) line: u64,
}

impl<'a> Row<'a> {
    /// The cell as it stands in the file; empty where the file has no such column.
    pub(super) fn raw(self, column: Column) -> &'a str {
        self.header.index(column).and_then(|index| self.cells.get(index)).unwrap_or_default()
    }

    /// The cell without blanks around it.
    pub(super) fn text(self, column: Column) -> &'a str {
        self.raw(column).trim()
    }

    pub(super) fn is_given(self, column: Column) -> bool {
        !self.text(column).is_empty()
    }

    /// Whether the row starts a product rather than going on with one.
    pub(super) fn has_title(self) -> bool {
        self.is_given(Column::Title)
    }
}
