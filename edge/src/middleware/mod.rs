//! What happens around every handler.

mod authorize;
mod cors;
mod request;

pub use authorize::authorize;
pub use cors::cors;
pub use request::request;
