//! `hp openapi`: the API's description, for generators and linters.

use super::output;

/// Prints the document.
///
/// # Errors
/// What stdout says.
pub fn run() -> Result<(), String> {
    output::whole(&crate::openapi::render())
}
