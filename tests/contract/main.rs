//! What is promised to the outside, as goldens: the OpenAPI document, the route table, the problem codes, and what
//! orders come to.
//! A golden changes in the commit that changes what it shows:
//! `HP_UPDATE_GOLDEN=1 cargo test --test contract` writes them anew.
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod answers;
mod document;
mod migrations;
mod problems;
mod routes;
mod states;
mod totals;
mod validator;

#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../support/authenticator.rs"]
mod authenticator;
#[path = "../support/golden.rs"]
mod golden;
#[path = "../support/openapi.rs"]
mod openapi;
#[path = "../support/secrets.rs"]
mod secrets;
#[path = "../support/source.rs"]
mod source;
#[path = "../support/totp_app.rs"]
mod totp_app;
