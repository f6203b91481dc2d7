//! The moment, as the host tells it.

use headlesspro_shared::kernel::time::Timestamp;

pub trait Clock: Send + Sync {
    /// Now, in milliseconds of UTC. On Workers it stands still between two I/O calls.
    fn now(&self) -> Timestamp;
}
