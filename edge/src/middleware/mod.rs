//! What happens around every handler.

mod authorize;
mod cors;
mod limit;
mod request;

pub use authorize::{authorize, is_privileged};
pub use cors::cors;
pub use limit::{Counting, limit};
pub use request::{RequestId, request};
