//! Questions by number, and what they come to as one text for many of them: the same on every target.

mod large;
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "made of constants; the tests of the domain run it")]
mod random;
mod spoilt;

use std::fmt::Write as _;
use std::ops::Range;

use headlesspro_shared::totals::Question;
use headlesspro_totals::{Refused, explain, total};
use sha2::{Digest as _, Sha256};

pub use large::large;

/// So many questions have one digest.
pub const EACH: u64 = 1_000;

/// Every so many questions one is explained too.
const EXPLAINED: u64 = 10;

/// The question of this number, as JSON: one in eight has no answer.
///
/// # Errors
/// It cannot be written.
pub fn question(seed: u64) -> Result<String, serde_json::Error> {
    let (rules, cart) = random::case(seed);
    let question = Question::new(rules, cart);
    match seed % 8 {
        7 => spoilt::spoilt(question, seed / 8),
        _ => serde_json::to_string(&question),
    }
}

/// A line for each [`EACH`] of the questions: the first one's number, the SHA-256 of what they come to, each with a line
/// feed, and how many were refused. What is refused comes to the reason.
///
/// # Errors
/// A question cannot be written.
pub fn digests(seeds: Range<u64>) -> Result<String, serde_json::Error> {
    let mut lines = String::new();
    let mut first = seeds.start;
    while first < seeds.end {
        let next = first.saturating_add(EACH).min(seeds.end);
        let (mut digest, mut refused) = (Sha256::new(), 0_u64);
        for seed in first..next {
            let question = question(seed)?;
            let totals = total(question.as_bytes());
            refused = refused.saturating_add(u64::from(totals.is_err()));
            digest.update(line(totals));
            if seed.is_multiple_of(EXPLAINED) {
                digest.update(line(explain(question.as_bytes())));
            }
        }
        let _infallible = writeln!(lines, "{first} {} {refused}", hex::encode(digest.finalize()));
        first = next;
    }
    Ok(lines)
}

fn line(answer: Result<Vec<u8>, Refused>) -> Vec<u8> {
    let mut line = answer.unwrap_or_else(|refused| refused.to_string().into_bytes());
    line.push(b'\n');
    line
}
