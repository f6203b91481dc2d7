//! What `js/engine.js` calls. One buffer holds what is asked and then the answer: `asked(length)` says where the bytes
//! are to be written, `total()` or `explain()` is 1 where it is refused, and `answer_at()` and `answer_length()` say where the
//! answer's bytes are, or those of the reason. `keep()` takes rules, whose answer is empty, and `total_of()` and
//! `explain_of()` carts.
#![expect(unsafe_code, reason = "a name that is exported is an unsafe attribute; nothing else here is")]

use std::cell::RefCell;

use headlesspro_shared::totals::{ENGINE_VERSION, Rules};

use crate::Refused;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static RULES: RefCell<Option<Rules>> = const { RefCell::new(None) };
}

#[unsafe(no_mangle)]
extern "C" fn engine_version() -> u32 {
    ENGINE_VERSION
}

#[unsafe(no_mangle)]
extern "C" fn asked(length: usize) -> *mut u8 {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(length, 0);
        buffer.as_mut_ptr()
    })
}

#[unsafe(no_mangle)]
extern "C" fn total() -> u32 {
    answered_by(crate::total)
}

#[unsafe(no_mangle)]
extern "C" fn explain() -> u32 {
    answered_by(crate::explain)
}

#[unsafe(no_mangle)]
extern "C" fn keep() -> u32 {
    answered_by(|rules| {
        RULES.set(Some(crate::rules(rules)?));
        Ok(Vec::new())
    })
}

#[unsafe(no_mangle)]
extern "C" fn total_of() -> u32 {
    answered_by(|cart| by_rules(|rules| crate::total_of(rules, cart)))
}

#[unsafe(no_mangle)]
extern "C" fn explain_of() -> u32 {
    answered_by(|cart| by_rules(|rules| crate::explain_of(rules, cart)))
}

fn by_rules(work: impl FnOnce(&Rules) -> Result<Vec<u8>, Refused>) -> Result<Vec<u8>, Refused> {
    RULES.with_borrow(|rules| rules.as_ref().map_or(Err(Refused::NoRules), work))
}

#[unsafe(no_mangle)]
extern "C" fn answer_at() -> *const u8 {
    BUFFER.with_borrow(|buffer| buffer.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn answer_length() -> usize {
    BUFFER.with_borrow(|buffer| buffer.len())
}

fn answered_by(work: impl FnOnce(&[u8]) -> Result<Vec<u8>, Refused>) -> u32 {
    BUFFER.with_borrow_mut(|buffer| {
        let (answer, is_refused) = match work(buffer) {
            Ok(answer) => (answer, false),
            Err(refused) => (refused.to_string().into_bytes(), true),
        };
        *buffer = answer;
        u32::from(is_refused)
    })
}
