//! Postal addresses.

use crate::kernel::country::Country;
use crate::kernel::line::Line;

/// A postal address. Only what every country has is required; what a postal code or a region looks
/// like is left to the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalAddress {
    pub name: Line<200>,
    pub company: Option<Line<200>>,
    pub line1: Line<200>,
    pub line2: Option<Line<200>>,
    pub city: Line<200>,
    pub region: Option<Line<100>>,
    pub postal_code: Option<Line<20>>,
    pub country: Country,
    pub phone: Option<Line<40>>,
}
