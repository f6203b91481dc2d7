//! Rates.

/// A factor in parts per million: 1,000,000 is one, 190,000 is 19 %. May be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Rate(i64);

impl Rate {
    pub const ZERO: Rate = Rate(0);
    pub const ONE: Rate = Rate(1_000_000);

    pub const fn from_ppm(ppm: i64) -> Rate {
        Rate(ppm)
    }

    pub const fn ppm(self) -> i64 {
        self.0
    }
}
