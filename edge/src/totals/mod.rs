//! What a cart costs: the engine of `shared`, asked with what the catalog and the merchant say at a moment. What it needs
//! is read in the batch of whoever asks, so that prices and rules are of one moment and cost no round trip of their own.

mod openapi;
mod settled;
mod usecase;
mod wire;

pub use openapi::{
    delivery_example, entered_code_example, explained_at, explanation_example, shipped_totals_example, taxes_example,
    totals_example,
};
pub use settled::settled;
pub use usecase::{
    Agreed, Basis, Offered, Priced, Standing, Unpriced, Wanted, basis_of, buyer, is_staff, offered, priced, reads,
};
pub use wire::{
    CodeBody, DeliveryBody, ExplanationBody, LineSums, Moment, TaxesBody, TotalsBody, codes, deliveries, explanation,
    kind_name, line_sums, line_taxes, recorded_explanation,
};
