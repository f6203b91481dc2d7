//! The identities that one's account is linked to.

pub(super) mod http;
pub(super) mod openapi;
pub(super) mod usecase;
