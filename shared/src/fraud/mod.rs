//! Whether an order is taken, looked at by a person first, or not taken.
//!
//! A merchant's rules speak of [`Signals`]: how often the same e-mail address, address, network address or card was seen,
//! how far the billing address is from where it goes, what it comes to, what the payment provider thinks. [`judge`] is total
//! and gives the same verdict for the same signals everywhere; the sharpest of all rules that hold decides, and each that
//! holds is a reason.

mod centroids;
mod distance;
mod judge;
mod review;
mod rule;

pub use distance::distance_km;
pub use judge::{Counts, Reason, Signals, UNCOUNTED, Verdict, judge};
pub use review::ReviewState;
pub use rule::{
    Condition, Counted, FraudSettings, MOST_CONDITIONS, MOST_COUNT, MOST_RULES, Outcome, RiskLevel, Rule, Windows,
};
