//! The codes of a basket.

use super::{Basket, BookedCode, Code, Outcome, PromotionBook, Refusal};
use crate::kernel::id::PromotionId;
use crate::kernel::order::sort_by_key;

/// One code of the basket.
pub(super) struct Entered<'a> {
    pub(super) text: &'a str,
    /// What it is a code of, where there is one.
    pub(super) booked: Option<&'a BookedCode>,
    /// Why it does nothing, whatever its promotion does.
    pub(super) refusal: Option<Refusal>,
}

/// Looks up the codes of the basket, in its order. Of several for one promotion the first by its text is used.
pub(super) fn entered<'a>(book: &'a PromotionBook, basket: &'a Basket) -> Vec<Entered<'a>> {
    let mut all: Vec<Entered<'a>> = basket
        .codes
        .iter()
        .map(|text| {
            let code = text.parse::<Code>().ok();
            let booked = code.and_then(|code| book.codes.iter().find(|booked| booked.code == code));
            let refusal = match booked {
                None => Some(Refusal::Unknown),
                Some(booked) if booked.limit.is_some_and(|limit| limit <= booked.used) => {
                    Some(Refusal::CodeLimitReached)
                }
                Some(_) => None,
            };
            Entered { text, booked, refusal }
        })
        .collect();
    let mut usable: Vec<(PromotionId, &Code, usize)> = all
        .iter()
        .enumerate()
        .filter(|(_, entered)| entered.refusal.is_none())
        .filter_map(|(at, entered)| entered.booked.map(|booked| (booked.promotion, &booked.code, at)))
        .collect();
    sort_by_key(&mut usable, |one| *one);
    for pair in usable.windows(2) {
        if let [(first, ..), (second, _, at)] = pair
            && first == second
            && let Some(entered) = all.get_mut(*at)
        {
            entered.refusal = Some(Refusal::Repeated);
        }
    }
    all
}

impl Entered<'_> {
    /// What came of it, where `outcome` is what came of its promotion.
    pub(super) fn outcome(&self, outcome: Option<Outcome>) -> Outcome {
        match (self.refusal, outcome) {
            (Some(reason), _) => Outcome::Refused { reason },
            (None, Some(outcome)) => outcome,
            (None, None) => Outcome::Refused { reason: Refusal::Unknown },
        }
    }
}
