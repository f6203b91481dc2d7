//! Where log lines go: the standard error of a process, the console of a Worker.

use log::{LevelFilter, Log, Metadata, Record};

struct HostLog;

impl Log for HostLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        // Libraries have nothing to say here that a request's own line does not.
        if record.target().starts_with("headlesspro") {
            write(&format!("{} {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
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
