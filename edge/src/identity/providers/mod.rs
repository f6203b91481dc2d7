//! Identity providers, as an owner sets them up and takes them away.

pub(super) mod http;
pub(super) mod openapi;
mod usecase;
