//! What is wrong with rows.

/// Why a product is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {reason}", .column.as_ref().map(|column| format!(", {column}")).unwrap_or_default())]
pub struct RowError {
    /// On which the row starts, counted from 1.
    pub line: u64,
    /// As the header of the file writes it.
    pub column: Option<String>,
    pub reason: String,
    /// As the file writes it.
    pub handle: Option<String>,
}

/// What was changed or left out of a product that is imported nevertheless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowWarning {
    /// On which the row starts, counted from 1.
    pub line: u64,
    /// As the header of the file writes it.
    pub column: Option<String>,
    pub reason: String,
    /// As the file writes it.
    pub handle: Option<String>,
}

/// The errors and warnings of one product, so many at most that a broken file cannot fill the memory.
#[derive(Debug, Default)]
pub(super) struct Problems {
    handle: Option<String>,
    errors: Vec<RowError>,
    more_errors: u64,
    warnings: Vec<RowWarning>,
    more_warnings: u64,
}

const LISTED: usize = 100;

impl Problems {
    pub(super) fn new(handle: &str) -> Problems {
        let handle = (!handle.is_empty()).then(|| handle.chars().take(255).collect());
        Problems { handle, ..Problems::default() }
    }

    pub(super) fn error(&mut self, line: u64, column: Option<&str>, reason: impl Into<String>) {
        if LISTED <= self.errors.len() {
            self.more_errors = self.more_errors.saturating_add(1);
            return;
        }
        let (column, reason, handle) = (column.map(str::to_owned), reason.into(), self.handle.clone());
        self.errors.push(RowError { line, column, reason, handle });
    }

    pub(super) fn warn(&mut self, line: u64, column: Option<&str>, reason: impl Into<String>) {
        if LISTED <= self.warnings.len() {
            self.more_warnings = self.more_warnings.saturating_add(1);
            return;
        }
        let (column, reason, handle) = (column.map(str::to_owned), reason.into(), self.handle.clone());
        self.warnings.push(RowWarning { line, column, reason, handle });
    }

    /// The warnings, or the errors where there are any.
    pub(super) fn finish(mut self, line: u64) -> Result<Vec<RowWarning>, Vec<RowError>> {
        if self.errors.is_empty() {
            if 0 < self.more_warnings {
                let reason = format!("{} more warnings for this product", self.more_warnings);
                self.warnings.push(RowWarning { line, column: None, reason, handle: self.handle });
            }
            return Ok(self.warnings);
        }
        if 0 < self.more_errors {
            let reason = format!("{} more errors in this product", self.more_errors);
            self.errors.push(RowError { line, column: None, reason, handle: self.handle });
        }
        Err(self.errors)
    }
}
