//! Codes of promotions: given by the merchant, or made so that nobody guesses them.

pub mod http;
mod usecase;
