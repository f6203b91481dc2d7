//! What happens around every handler.

mod authorize;
mod cors;
mod limit;
mod request;

pub use authorize::is_privileged;
pub use cors::cors;
pub use limit::{Counting, Gate, gate};
pub use request::{RequestId, request};
