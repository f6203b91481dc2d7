//! The operations of magic links, for the OpenAPI document.

use headlesspro_shared::identity::{NotRedeemable, Scope};
use http::Method;
use serde_json::json;

use super::http::{ExchangeBody, MagicBody};
use crate::identity::openapi::{operation, tokens};
use crate::identity::registration::openapi::{TOKEN, accepted, link_gone};
use crate::identity::second_factor::openapi::second_factor_required;
use crate::openapi::{Budget, Operation, RequestBody, entropy, json_body, of};

/// Of the verifier in the other example (RFC 7636, appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub fn operations() -> Vec<Operation> {
    vec![ask(), exchange()]
}

fn ask() -> Operation {
    operation(Method::POST, "/api/v1/auth/magic", "askForMagicLink", Scope::AuthBegin)
        .says(
            "Asks for a link that logs in",
            "The link is good for a quarter of an hour, once; with a `codeChallenge` in this browser alone. Five times \
             an hour at most for whoever asks; the answer is the same for every address.",
        )
        .budget(Budget::new(2, 2, 0))
        .body(RequestBody::json::<MagicBody>("Who wants to log in.").example(
            "bound",
            "A link for this browser alone",
            json!({ "email": "grace@example.com", "codeChallenge": CHALLENGE }),
        ))
        .answer(accepted())
        .problems(json_body())
        .problems(entropy())
}

fn exchange() -> Operation {
    operation(Method::POST, "/api/v1/auth/magic/exchange", "exchangeMagicLink", Scope::AuthBegin)
        .says("Logs in by a link", "Trades the token from the link for a session; a second time it is gone.")
        .budget(Budget::new(2, 2, 0))
        .body(RequestBody::json::<ExchangeBody>("The link's token.").example(
            "bound",
            "In the browser that asked",
            json!({ "token": TOKEN, "codeVerifier": VERIFIER }),
        ))
        .answer(tokens())
        .problems(json_body())
        .problems(entropy())
        .problems(vec![
            link_gone(),
            second_factor_required(),
            of(NotRedeemable::BoundElsewhere, "The link works in the browser that asked for it; it is not used up."),
        ])
}
