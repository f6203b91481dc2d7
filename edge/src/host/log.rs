//! Where log lines go: the standard error of a process, the console of a Worker.

use headlesspro_shared::kernel::card_number::without_card_numbers;
use log::{LevelFilter, Log, Metadata, Record};

struct HostLog;

impl Log for HostLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        // Libraries have nothing to say here that a request's own line does not.
        if record.target().starts_with("headlesspro") {
            write(&line(record));
        }
    }

    fn flush(&self) {}
}

/// Whatever is told, no card number is.
fn line(record: &Record<'_>) -> String {
    let text = format!("{} {}", record.level(), record.args());
    without_card_numbers(&text).into_owned()
}

/// Sends this project's log lines to the host. Once a process; a second call changes nothing.
pub fn install() {
    if log::set_logger(&HostLog).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn write(line: &str) {
    worker::console_error!("{line}");
}

/// Writes a line as it is.
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
pub(super) fn write(line: &str) {
    use std::io::Write;
    // A log that nobody reads is no reason to fail a request.
    let _hung_up = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    #[test]
    fn no_card_number_is_logged() {
        let told = |text: &str| line(&Record::builder().level(Level::Error).args(format_args!("{text}")).build());
        assert_eq!(told("no such token: 4242-4242-4242-4242"), "ERROR no such token: [card number]");
        assert_eq!(told("at 1700000000000"), "ERROR at 1700000000000");
    }
}
