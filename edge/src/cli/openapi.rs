//! `hp openapi`: the API's description, for generators and linters.

use std::io::Write;

/// Prints the document.
///
/// # Errors
/// What stdout says.
pub fn run() -> Result<(), String> {
    let document = crate::openapi::render();
    std::io::stdout().write_all(document.as_bytes()).map_err(|error| format!("cannot write: {error}"))
}
