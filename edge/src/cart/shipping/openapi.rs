//! The operation that asks for shipping, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CartKind, ShippingMethodKind, VariantKind};
use http::Method;
use serde_json::json;

use super::http::{AskBody, RatesBody};
use super::usecase::AskError;
use crate::openapi::{Answer, Budget, Cache, Operation, RequestBody, carts, credentials, database, id, json_body, of};
use crate::shipping::{group_example, not_shipped};
use crate::totals::{delivery_example, shipped_totals_example, totals_example};

pub fn rates() -> Operation {
    let destination = json!({ "country": "DE", "postcode": "10827" });
    let chosen = json!({ "methodId": id::<ShippingMethodKind>(1).to_string() });
    Operation::new(Method::POST, "/api/v1/shipping-rates", "askShippingRates", "Shipping")
        .says(
            "Says what shipping costs",
            "What is offered for a cart, or for some variants, and a destination, and what all of it comes to there: with \
             `shippingMethods`, with what they cost. Prices and conditions go by what the lines cost less discounts. \
             Nothing is kept of the question.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(1, 3, 1))
        .problems(credentials(Scope::CartWrite))
        .problems(database())
        .problems(carts())
        .body(
            RequestBody::json::<AskBody>("What is to be shipped, and where to.")
                .example(
                    "tents",
                    "Two tents to Germany",
                    json!({
                        "destination": destination,
                        "lines": [{ "variantId": id::<VariantKind>(1).to_string(), "quantity": 2 }],
                    }),
                )
                .example(
                    "cart",
                    "A cart, by parcel",
                    json!({
                        "cartId": id::<CartKind>(1).to_string(),
                        "destination": destination,
                        "shippingMethods": [chosen],
                    }),
                ),
        )
        .answer(
            Answer::json::<RatesBody>(200, "What is offered, and what it comes to.")
                .example("parcel", "A parcel", json!({ "groups": [group_example()], "totals": totals_example() }))
                .example(
                    "chosen",
                    "A parcel that is chosen, at no cost",
                    json!({
                        "groups": [group_example()],
                        "deliveries": [delivery_example()],
                        "totals": shipped_totals_example(),
                    }),
                ),
        )
        .problems(json_body())
        .problems(vec![of(AskError::TooLarge, "The total is larger than money can be counted.")])
        .problems(not_shipped(|error| AskError::NotShipped(error).into()))
}
