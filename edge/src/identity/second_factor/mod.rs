//! A second factor beside the password: codes of an authenticator app, and recovery codes where that is lost.

mod hmac;
pub mod http;
pub mod openapi;
pub mod usecase;
