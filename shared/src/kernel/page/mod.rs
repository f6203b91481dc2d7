//! Keyset pages: where to go on, and how many.

mod cursor;
mod limit;

pub use cursor::{Cursor, CursorPart, InvalidCursor};
pub use limit::{Limit, LimitOutOfRange};
