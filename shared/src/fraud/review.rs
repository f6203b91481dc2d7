//! An order that a person looks at.

/// Decided once: what is not open any more stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    Open,
    Approved,
    Rejected,
}

named!(ReviewState, UnknownReviewState, "open, approved or rejected", {
    Open = "open",
    Approved = "approved",
    Rejected = "rejected",
});
