//! What a check of everything has found.

/// Faults that are listed; further ones are counted.
const LISTED: usize = 1_000;

/// What reading something whole has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<F> {
    /// Rows read.
    pub rows: u64,
    /// In the order in which they were found; a thousand at most.
    pub faults: Vec<F>,
    /// Faults beyond those listed.
    pub unlisted: u64,
}

impl<F> Default for Report<F> {
    fn default() -> Report<F> {
        Report { rows: 0, faults: Vec::new(), unlisted: 0 }
    }
}

impl<F> Report<F> {
    pub fn is_unbroken(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many faults there are, listed or not.
    pub fn count(&self) -> u64 {
        u64::try_from(self.faults.len()).unwrap_or(u64::MAX).saturating_add(self.unlisted)
    }

    pub fn row(&mut self) {
        self.rows = self.rows.saturating_add(1);
    }

    pub fn fault(&mut self, fault: F) {
        if self.faults.len() < LISTED {
            self.faults.push(fault);
        } else {
            self.unlisted = self.unlisted.saturating_add(1);
        }
    }
}
