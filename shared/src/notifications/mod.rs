//! Mails to people about their accounts: what they say, in which language, and how long they are tried.

mod link;
mod message;
mod render;
mod retry;
mod words;

pub use link::{BaseUrl, InvalidBaseUrl};
pub use message::{MailKind, Message, UnknownMailKind};
pub use render::{Rendered, escape, render};
pub use retry::{LEASE_MILLIS, next_attempt};
