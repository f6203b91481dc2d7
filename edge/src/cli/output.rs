//! What commands write to the terminal. Never `println!` or `eprintln!`: they panic when the reader has hung up
//! (`hp migrate | head -1`), and what the command was about to do would not be done.

use std::fmt::Display;
use std::io::Write;

use headlesspro_shared::kernel::report::Report;

/// Writes a line to stdout. A reader that has hung up stops no work.
pub fn line(text: impl Display) {
    let _hung_up = writeln!(std::io::stdout(), "{text}");
}

/// Writes a line to stderr, as [`line`] does.
pub fn note(text: impl Display) {
    let _hung_up = writeln!(std::io::stderr(), "{text}");
}

/// Writes to stdout what is lost unless somebody reads it.
///
/// # Errors
/// In words, for the terminal.
pub fn whole(text: &str) -> Result<(), String> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| format!("cannot write to the standard output: {error}"))
}

/// Writes what a check has found, a line each.
pub fn faults(report: &Report<impl Display>) {
    for fault in &report.faults {
        line(format_args!("  {fault}"));
    }
    if 0 < report.unlisted {
        line(format_args!("  ... and {} more", report.unlisted));
    }
}
