//! API keys, as a merchant makes, rotates and revokes them.

pub(super) mod http;
pub(super) mod openapi;
mod usecase;

pub(super) use usecase::last_uses;
pub use usecase::{NoteUse, hint_of, note_use};
