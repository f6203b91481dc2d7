//! The moment, as the host tells it.

use std::time::Duration;

use headlesspro_shared::kernel::time::Timestamp;

use super::BoxFuture;

pub trait Clock: Send + Sync {
    /// Now, in milliseconds of UTC. On Workers it stands still between two I/O calls.
    fn now(&self) -> Timestamp;

    /// Is ready after `pause`, or a little later.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;
}
