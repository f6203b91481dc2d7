//! Mails to people about their accounts.
//!
//! A use case that has something to tell adds [`enqueue`]'s statement to its own commit: the mail is told of when
//! the change is, and never otherwise. It is sent afterwards, by [`deliver_later`] as soon as the response has
//! left, and by a cron where that did not come to its end. A provider that is away delays mails and fails no
//! request.

mod http;
pub mod openapi;
mod store;
mod usecase;

pub use http::routes;
pub use usecase::{Delivered, NewMail, deliver, deliver_all, deliver_later, enqueue, enqueue_after};
