//! The checkout's operations, for the OpenAPI document.

use headlesspro_shared::checkout::{LineProblem, NotCompletable, NotPlaceable};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{
    CartKind, CheckoutKind, OrderKind, PaymentProviderKind, ProductKind, ShippingMethodKind, VariantKind,
};
use headlesspro_shared::kernel::money::MoneyError;
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::completing::CompleteError;
use super::http::{CheckoutBody, CompleteCheckoutBody, GoOnBody, OpenCheckoutBody, totals_changed};
use super::opening::OpenError;
use super::quotes;
use crate::failure::Unavailable;
use crate::ledger::{TendersNotAvailableBody, unusable_example};
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, Problem, RequestBody, address, address_answer, carts,
    credentials, database, entropy, euros, id, idempotency, json_body, money, not_found, of, time,
};
use crate::orders::{OrderBody, order_example};
use crate::payments;
use crate::shipping::{not_shipped, shipping_changed};
use crate::totals::{CodeBody, TotalsBody};
use crate::totals::{delivery_example, entered_code_example, shipped_totals_example, taxes_example};
use crate::wire::{IdText, MoneyBody};

/// Every line that cannot be bought as agreed.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LinesNotAvailable")]
pub struct LinesNotAvailableBody {
    pub lines: Vec<LineProblemBody>,
}

/// Why a line cannot be bought as agreed, and what could be had instead.
#[derive(JsonSchema)]
#[serde(tag = "problem", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[schemars(rename = "LineProblem")]
pub enum LineProblemBody {
    /// The variant is gone, or no longer for sale.
    Removed {
        #[schemars(with = "IdText<VariantKind>")]
        variant_id: String,
    },
    /// Nothing is left.
    SoldOut {
        #[schemars(with = "IdText<VariantKind>")]
        variant_id: String,
        requested: i64,
        available: i64,
    },
    /// Less is left than asked for.
    InsufficientStock {
        #[schemars(with = "IdText<VariantKind>")]
        variant_id: String,
        requested: i64,
        available: i64,
    },
    /// The price is another than the one agreed to.
    PriceChanged {
        #[schemars(with = "IdText<VariantKind>")]
        variant_id: String,
        agreed_price: MoneyBody,
        current_price: MoneyBody,
    },
}

/// What was agreed to, and what it comes to now.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TotalsChanged")]
pub struct TotalsChangedBody {
    pub agreed: TotalsBody,
    pub current: TotalsBody,
    /// Those that cost something else now, or are taxed otherwise.
    pub lines: Vec<ChangedLineBody>,
    /// The variants that were to come for nothing, and do not.
    #[schemars(with = "Vec<IdText<VariantKind>>")]
    pub gifts_gone: Vec<String>,
    /// What comes of the codes now.
    pub codes: Vec<CodeBody>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangedLine")]
pub struct ChangedLineBody {
    #[schemars(with = "IdText<VariantKind>")]
    pub variant_id: String,
    pub agreed_total: MoneyBody,
    pub current_total: MoneyBody,
    /// What of it is tax; left out, as the next, where that is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed_tax: Option<MoneyBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_tax: Option<MoneyBody>,
}

#[derive(JsonSchema)]
#[schemars(rename = "PaymentRequired")]
pub struct PaymentRequiredBody {
    /// What is left to be paid.
    pub due: MoneyBody,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CheckoutCompleted")]
pub struct CheckoutCompletedBody {
    /// The order that the checkout became.
    #[schemars(with = "IdText<OrderKind>")]
    pub order_id: String,
}

pub fn operations() -> Vec<Operation> {
    let own = [open(), show(), complete(), go_on()];
    own.into_iter().chain(quotes::openapi::operations()).collect()
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, "Checkout")
        .cache(Cache::Personal)
        .problems(credentials(Scope::CheckoutWrite))
        .problems(database())
}

fn open() -> Operation {
    let body = json!({
        "cartId": id::<CartKind>(1).to_string(),
        "email": "grace@example.com",
        "shippingAddress": address(),
    });
    let mut by_parcel = body.clone();
    if let Some(members) = by_parcel.as_object_mut() {
        members.insert("shippingMethods".to_owned(), json!([{ "methodId": id::<ShippingMethodKind>(1).to_string() }]));
        members.insert("paymentMethod".to_owned(), "on-account".into());
    }
    operation(Method::POST, "/api/v1/checkouts", "openCheckout")
        .says(
            "Opens a checkout",
            "Fixes the cart's lines at today's prices for a day, or at those of a `quote` until it ends. Stock is not reserved. \
             Lines that cannot be bought refuse it, all named at once. Where the store ships by methods, one is chosen for each \
             group of what `POST /api/v1/shipping-rates` offers, and is a part of the total; a quote has it already. A checkout \
             becomes one order at most. The cart stays as it is: a second \
             checkout of the same cart buys again.",
        )
        .budget(Budget::new(2, 4, 1))
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<OpenCheckoutBody>("Which cart, for whom, and where to.")
                .example("order", "Two tents to Berlin", body.clone())
                .example("parcel", "The same by parcel, which the buyer will owe", by_parcel)
                .example("quoted", "The same at a quote's prices", with_quote(body)),
        )
        .answer(
            Answer::json::<CheckoutBody>(201, "The checkout.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("open", "An open checkout", checkout_example("open")),
        )
        .problems(idempotency())
        .problems(json_body())
        .problems(carts())
        .problems(entropy())
        .problems(vec![
            of(OpenError::NotPlaceable(NotPlaceable::Empty), "The cart has no lines."),
            of(OpenError::NotPlaceable(NotPlaceable::Money(MoneyError::Overflow)), TOTAL_TOO_LARGE),
            lines_not_available(OpenError::NotPlaceable(every_problem())),
            no_taxes(),
        ])
        .problems(not_shipped(|error| OpenError::NotShipped(error).into()))
        .problems(quotes::openapi::refusals())
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/checkouts/{id}", "getCheckout")
        .says("Shows a checkout", "The checkout as it was opened, and whether it has become an order.")
        .budget(Budget::new(1, 1, 0))
        .parameters([checkout_id()])
        .answer(
            Answer::json::<CheckoutBody>(200, "The checkout.")
                .example("open", "An open checkout", checkout_example("open"))
                .example("completed", "One that has become an order", checkout_example("completed")),
        )
        .problems(not_found())
}

/// Where the rules have changed, it is totalled again, with one read more where a gift is earned; and again where they
/// change meanwhile. Codes of gift cards are counted as guesses, of which there are ten, and attempts to buy where the store
/// judges by them.
const COMPLETING: Budget = Budget { most_redis: 11, ..Budget::new(2, 24, 0) };

fn complete() -> Operation {
    operation(Method::POST, "/api/v1/checkouts/{id}/complete", "completeCheckout")
        .says(
            "Places the order",
            "Takes the stock, records the payment and places the order, in one commit: everything, or nothing. \
             Refused with everything that is in the way: short lines with what is left, and changed prices with old \
             and new; and where prices, promotions, taxes or shipping have changed since the checkout was opened, or it is \
             paid in another way than was named, what it comes to now beside what was agreed to. Gift cards pay first, then \
             store credit, and the payment what is left. By a payment provider, the order is placed as `pending` with its stock \
             held, and the provider is asked then: the order is `confirmed` where it is paid or authorized, and stays `pending` \
             where the buyer has to act (`payment.action.url`), may try another means of payment (`payment.declinedFor`) or \
             nobody knows yet. A repeat with the same key goes on and charges nothing again. What is not paid until \
             `payment.payableUntil` is cancelled soon after, at most 15 minutes from its placing. Saying that the order is `paid` needs a key that also has the scope \
             `payments:write`.",
        )
        .budget(COMPLETING)
        .parameters([checkout_id(), Parameter::idempotency_key(true)])
        .body(
            RequestBody::json::<CompleteCheckoutBody>("How it is paid.")
                .example(
                    "onAccount",
                    "The buyer owes it",
                    json!({ "payment": { "provider": "manual", "method": "on-account" } }),
                )
                .example(
                    "paid",
                    "The merchant has the money",
                    json!({ "payment": { "provider": "manual", "method": "paid" } }),
                )
                .example(
                    "provider",
                    "By a payment provider",
                    json!({ "payment": {
                        "provider": id::<PaymentProviderKind>(1).to_string(),
                        "token": "sandbox_success",
                        "returnUrl": "https://shop.example/paid",
                    } }),
                )
                .example(
                    "split",
                    "A gift card, five euros of store credit, and the buyer owes the rest",
                    json!({
                        "giftCards": ["J4XK-0W8M-TQ2B-7KQ2"],
                        "storeCredit": { "amount": money(500) },
                        "payment": { "provider": "manual", "method": "on-account" },
                    }),
                ),
        )
        .answer(
            Answer::json::<OrderBody>(201, "The order.")
                .headers([Header::Location, Header::IdempotentReplayed, Header::CatalogVersion])
                .example("order", "Two tents, on account", order_example()),
        )
        .problems(not_found())
        .problems(idempotency())
        .problems(json_body())
        .problems(entropy())
        .problems(vec![
            of(Unavailable::Contended, "The merchant changes prices, promotions or taxes all the time at this moment."),
            of(CompleteError::NotPlaceable(NotPlaceable::Empty), "The checkout has no lines."),
            of(CompleteError::NotPlaceable(NotPlaceable::Money(MoneyError::Overflow)), TOTAL_TOO_LARGE),
            lines_not_available(CompleteError::NotPlaceable(every_problem())),
            of(
                totals_changed(&shipped_totals_example(), &json!({ "subtotal": money(37_800), "discount": money(0), "total": money(37_800) })),
                "The merchant has changed a promotion, a tax or what shipping costs, it is over, others have had what was left \
                 of it, or it is paid in another way; `current` is what it comes to now.",
            )
            .with::<TotalsChangedBody>(),
            shipping_changed(|error| CompleteError::NotShipped(error).into()),
            of(
                CompleteError::Unusable(unusable_example()),
                "Gift cards or store credit cannot be used as wanted, or others have spent them meanwhile.",
            )
            .with::<TendersNotAvailableBody>(),
            of(
                CompleteError::PaymentRequired(euros(2_500)),
                "Gift cards and store credit leave something to be paid, and no `payment` is given.",
            )
            .with::<PaymentRequiredBody>(),
            of(CompleteError::Blocked, "The store's rules on fraud refuse it. Nothing is told of them."),
            no_taxes(),
            of(CompleteError::NotCompletable(NotCompletable::Expired), "The checkout is more than a day old."),
            quotes::openapi::used(),
            of(CompleteError::AlreadyPlaced(id::<OrderKind>(1)), "The checkout has become an order before.")
                .with::<CheckoutCompletedBody>(),
        ])
}

fn go_on() -> Operation {
    operation(Method::POST, "/api/v1/checkouts/{id}/payment", "goOnWithPayment")
        .says(
            "Goes on with the payment",
            "Of the order that a checkout has become and that waits for a payment provider: asks how the payment stands, as \
             when the buyer comes back from there, and goes on with the order by that. With a `token`, another means of \
             payment is tried where the last was declined.",
        )
        .budget(Budget::new(3, payments::MOST_SQL, 0))
        .parameters([checkout_id()])
        .body(
            RequestBody::json::<GoOnBody>("Another means of payment, or nothing.")
                .example("back", "The buyer is back", json!({}))
                .example("again", "Another card", json!({ "token": "sandbox_success" })),
        )
        .answer(Answer::json::<OrderBody>(200, "The order.").example(
            "declined",
            "An order that waits for another means of payment",
            payments::pending_order_example(),
        ))
        .problems(not_found())
        .problems(json_body())
        .problems(entropy())
        .problems(payments::changing())
}

pub(super) const TOTAL_TOO_LARGE: &str = "The total is larger than money can be counted.";

fn with_quote(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.insert("quote".to_owned(), quotes::openapi::TOKEN.into());
    }
    body
}

pub(super) fn no_taxes() -> Problem {
    of(
        Unavailable::Taxes(String::new()),
        "The store's tax provider has no answer that fits, and the store sells nothing then.",
    )
}

fn checkout_id() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^chk_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The checkout's id.", schema, id::<CheckoutKind>(1).to_string())
}

pub(super) fn lines_not_available(error: impl Into<crate::problem::Problem>) -> Problem {
    of(error, "Lines cannot be bought as agreed; `lines` names them all.").with::<LinesNotAvailableBody>()
}

pub(super) fn every_problem() -> NotPlaceable {
    let changed = LineProblem::PriceChanged { agreed: euros(18_900), current: euros(19_900) };
    NotPlaceable::Lines(vec![
        (id::<VariantKind>(1), LineProblem::InsufficientStock { requested: 2, available: 1 }),
        (id::<VariantKind>(2), LineProblem::SoldOut { requested: 1 }),
        (id::<VariantKind>(3), changed),
        (id::<VariantKind>(4), LineProblem::Removed),
    ])
}

fn checkout_example(state: &str) -> Value {
    json!({
        "id": id::<CheckoutKind>(1).to_string(),
        "cartId": id::<CartKind>(1).to_string(),
        "state": state,
        "email": "grace@example.com",
        "shippingAddress": address_answer(),
        "currency": "EUR",
        "lines": [{
            "variantId": id::<VariantKind>(1).to_string(),
            "productId": id::<ProductKind>(1).to_string(),
            "sku": "TT2-MOSS",
            "title": "Tunnel Tent 2",
            "variantTitle": "Moss",
            "quantity": 2,
            "unitPrice": money(18_900),
            "discount": money(3_780),
            "taxes": taxes_example(),
            "total": money(34_020),
        }],
        "deliveries": [delivery_example()],
        "codes": [entered_code_example()],
        "totals": shipped_totals_example(),
        "total": money(34_020),
        "createdAt": time(24),
        "expiresAt": time(48),
    })
}
