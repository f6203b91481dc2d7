//! Another e-mail address for one's account.

pub(super) mod http;
pub(super) mod openapi;
pub(super) mod usecase;
