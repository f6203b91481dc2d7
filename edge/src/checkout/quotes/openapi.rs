//! The operations of quotes, for the OpenAPI document.

use headlesspro_shared::checkout::{NotHonoured, NotPlaceable};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CartKind, QuoteKind};
use headlesspro_shared::kernel::money::MoneyError;
use http::Method;
use serde_json::json;

use super::http::{MakeQuoteBody, QuoteBody};
use super::usecase::QuoteError;
use crate::checkout::bargain::NoBargain;
use crate::checkout::openapi::{TOTAL_TOO_LARGE, every_problem, lines_not_available, no_taxes};
use crate::identity::KeySetBody;
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, Problem, Problems, RequestBody, carts, credentials, database,
    entropy, id, idempotency, json_body, not_found, of, time,
};
use crate::shipping::not_shipped;
use crate::totals::totals_example;

pub const TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6InF1b3RlK2p3dCIsImtpZCI6ImtaM3ZUMWM5eFdxTCJ9.eyJ0b3RhbCI6MzQwMjB9.\
                         c2lnbmF0dXJl";

pub fn operations() -> Vec<Operation> {
    vec![make(), keys()]
}

fn make() -> Operation {
    let schema = json!({ "type": "string", "pattern": "^cart_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Operation::new(Method::POST, "/api/v1/carts/{id}/quotes", "makeQuote", "Checkout")
        .says(
            "Quotes a cart",
            "Signs what the cart costs now, for a day or as long as is asked for: whoever knows the published keys verifies \
             it without asking, and a checkout that is opened with it has its prices, promotions and taxes, whatever the \
             merchant changes meanwhile. It is for the lines that the cart has now, becomes one order at most, and reserves \
             nothing. One that a customer has made while logged in is for that customer.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(2, 4, 1))
        .parameters([
            Parameter::path("id", "The cart's id.", schema, id::<CartKind>(1).to_string()),
            Parameter::idempotency_key(false),
        ])
        .body(
            RequestBody::json::<MakeQuoteBody>("How long, and where to.")
                .example("plain", "A day, taxed as where the store sells from", json!({}))
                .example(
                    "toBerlin",
                    "An hour, to Berlin",
                    json!({ "expiresIn": 3_600, "destination": { "country": "DE", "postcode": "10115" } }),
                ),
        )
        .answer(
            Answer::json::<QuoteBody>(201, "The quote.").headers([Header::IdempotentReplayed]).example(
                "made",
                "Two tents at a tenth off",
                json!({
                    "id": id::<QuoteKind>(1).to_string(),
                    "cartId": id::<CartKind>(1).to_string(),
                    "token": TOKEN,
                    "totals": totals_example(),
                    "createdAt": time(24),
                    "expiresAt": time(48),
                }),
            ),
        )
        .problems(credentials(Scope::CartWrite))
        .problems(not_found())
        .problems(idempotency())
        .problems(json_body())
        .problems(carts())
        .problems(entropy())
        .problems(database())
        .problems(vec![
            of(placeable(NotPlaceable::Empty), "The cart has no lines."),
            of(placeable(NotPlaceable::Money(MoneyError::Overflow)), TOTAL_TOO_LARGE),
            lines_not_available(placeable(every_problem())),
            no_taxes(),
        ])
        .problems(not_shipped(|error| QuoteError::NoBargain(NoBargain::NotShipped(error)).into()))
}

fn keys() -> Operation {
    Operation::new(Method::GET, "/.well-known/quote-keys.json", "getQuoteKeys", "Checkout")
        .says(
            "The keys of quotes",
            "A JSON Web Key Set (RFC 7517) like that of access tokens, with the keys that have been replaced in the last week: \
             no quote outlives it. Access tokens are not to be verified by these.",
        )
        .cache(Cache::Keys)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<KeySetBody>(200, "The keys.").example(
            "one",
            "One key",
            json!({ "keys": [{
                "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kZ3vT1c9xWqL", "use": "sig", "alg": "EdDSA",
            }] }),
        ))
        .problems(database())
}

/// Why a checkout does not have a quote's prices.
pub fn refusals() -> Problems {
    vec![
        of(NotHonoured::Forged, "The quote was not signed here, or is not as it was signed."),
        of(NotHonoured::OtherStore, "The quote is of another store, or of another channel of this one."),
        of(NotHonoured::OtherCustomer, "A customer has made the quote while logged in, and somebody else shows it."),
        of(NotHonoured::Expired, "The quote is over."),
        used(),
        of(NotHonoured::CartChanged, "The quote is for another cart, or for other lines than the cart has now."),
        of(NotHonoured::TaxedElsewhere, "The quote is for another destination, or for where other taxes hold."),
        of(NotHonoured::NotShipped, "The store ships by methods, and the quote has none."),
    ]
}

fn placeable(error: NotPlaceable) -> QuoteError {
    QuoteError::NoBargain(NoBargain::NotPlaceable(error))
}

pub fn used() -> Problem {
    of(NotHonoured::Used, "The quote has become an order before.")
}
