//! What promotions come to, and why.

use serde::{Deserialize, Serialize};

use super::{ConditionKind, Fact};
use crate::kernel::id::{PromotionCodeId, PromotionId, VariantId};
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;

/// All amounts are minor units of the basket's currency, zero or more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discounts {
    /// All lines, in the order of the basket.
    pub lines: Vec<Discounted>,
    /// All deliveries, in the order of the basket.
    pub shipping: Vec<Discounted>,
    pub gifts: Vec<Gift>,
    /// What the commit of the order has to count, in the order in which the promotions applied.
    pub redemptions: Vec<Redemption>,
    /// Each code of the basket, in its order.
    pub codes: Vec<CodeOutcome>,
    pub trace: Trace,
}

/// A line or a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discounted {
    pub key: u32,
    /// Before the discounts; of a line, unit price times quantity.
    pub amount: i64,
    /// The sum of `discounts`; at most `amount`.
    pub discount: i64,
    /// In the order in which they applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    pub promotion: PromotionId,
    /// Above zero.
    pub amount: i64,
    pub kind: DiscountKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscountKind {
    Percent,
    PerUnit,
    PerLine,
    PerOrder,
    BuyGet,
    FreeShipping,
    Gift,
}

named!(DiscountKind, UnknownDiscountKind, "percent, per-unit, per-line, per-order, buy-get, free-shipping or gift", {
    Percent = "percent",
    PerUnit = "per-unit",
    PerLine = "per-line",
    PerOrder = "per-order",
    BuyGet = "buy-get",
    FreeShipping = "free-shipping",
    Gift = "gift",
});

/// A line to add: `quantity` units at `unit`, less all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gift {
    pub promotion: PromotionId,
    pub variant: VariantId,
    pub quantity: Quantity,
    pub unit: i64,
    /// Unit price times quantity, which is also the discount.
    pub amount: i64,
}

/// One use of a promotion, to be counted in the commit that makes the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redemption {
    pub promotion: PromotionId,
    /// `None` for automatic promotions.
    pub code: Option<PromotionCodeId>,
    /// The basket's. Never `None` where the promotion has a limit for each customer.
    pub customer: Option<String>,
    /// Off lines and deliveries, with the worth of gifts.
    pub amount: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeOutcome {
    /// As it was entered.
    pub code: String,
    pub promotion: Option<PromotionId>,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome {
    Applied { amount: i64 },
    Refused { reason: Refusal },
}

/// Why a promotion does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Refusal {
    /// There is no such code.
    Unknown,
    /// Another code of the basket stands for the same promotion.
    Repeated,
    Inactive,
    NotStarted {
        starts_at: Timestamp,
    },
    Expired {
        ended_at: Timestamp,
    },
    LimitReached,
    CodeLimitReached,
    CustomerLimitReached,
    /// It does not name its amounts in the basket's currency.
    OtherCurrency,
    /// The lines that count must come to `minimum`.
    MinimumNotMet {
        minimum: i64,
        missing: i64,
    },
    /// The lines that count must have `minimum` units.
    QuantityNotMet {
        minimum: i64,
        missing: i64,
    },
    ConditionNotMet {
        condition: ConditionKind,
    },
    /// It cannot be said before this is known.
    NotKnownYet {
        fact: Fact,
    },
    /// There is nothing that it could take anything off.
    NothingToDiscount,
    /// The gift cannot be had.
    GiftNotAvailable {
        variant: VariantId,
    },
    /// What applies instead saves more.
    NotCombinable {
        with: PromotionId,
    },
}

/// For whoever asks why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// Automatic promotions and those of the basket's codes, in the order in which they apply.
    pub considered: Vec<Considered>,
    /// What was compared, where not everything combines; the first has won.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Considered {
    pub promotion: PromotionId,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alternative {
    /// Those that would apply.
    pub promotions: Vec<PromotionId>,
    /// What they take off in all.
    pub saves: i64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::properties::{any_basket, any_book};
    use super::super::tests::{automatic, basket, book, each, line, percent, with_codes};
    use super::super::{Basket, Condition, Selector, evaluate};
    use super::*;

    #[test]
    fn what_came_of_it_is_plain_json() {
        let mut book = with_codes(book([automatic(percent(100_000))]));
        book.promotions[0].definition.condition =
            Condition::Subtotal { lines: Selector::default(), at_least: each(2_000), after_discounts: false };
        let mut basket = Basket { codes: vec!["a".to_owned(), "zz".to_owned()], ..basket(&[(1_000, 1)]) };
        let codes = |basket: &Basket| serde_json::to_string(&evaluate(&book, basket).unwrap().codes).unwrap();
        let unknown = r#"{"code":"zz","promotion":null,"outcome":{"status":"refused","reason":{"type":"unknown"}}}"#;
        let missing = r#"{"status":"refused","reason":{"type":"minimum-not-met","minimum":2000,"missing":1000}}"#;
        let promotion = "promo_00000000000000000000000001";
        let code =
            |outcome: &str| format!(r#"[{{"code":"a","promotion":"{promotion}","outcome":{outcome}}},{unknown}]"#);
        assert_eq!(codes(&basket), code(missing));
        basket.lines.push(line(2, 1_000, 1));
        assert_eq!(codes(&basket), code(r#"{"status":"applied","amount":200}"#));
        let lines = serde_json::to_string(&evaluate(&book, &basket).unwrap().lines[..1]).unwrap();
        let discount = format!(r#"{{"promotion":"{promotion}","amount":100,"kind":"percent"}}"#);
        assert_eq!(lines, format!(r#"[{{"key":1,"amount":1000,"discount":100,"discounts":[{discount}]}}]"#));
    }

    proptest! {
        #[test]
        fn what_is_sent_reads_back_and_comes_to_the_same(book in any_book(), basket in any_basket()) {
            let discounts = evaluate(&book, &basket).unwrap();
            let (sent, asked) = (serde_json::to_string(&book).unwrap(), serde_json::to_string(&basket).unwrap());
            let (book, basket) = (serde_json::from_str(&sent).unwrap(), serde_json::from_str(&asked).unwrap());
            let again = evaluate(&book, &basket).unwrap();
            prop_assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&discounts).unwrap());
            let answer = serde_json::to_string(&discounts).unwrap();
            prop_assert_eq!(serde_json::from_str::<Discounts>(&answer).unwrap(), discounts);
        }
    }
}
