//! The operations of registration, for the OpenAPI document.

use headlesspro_shared::identity::{NotRedeemable, Scope};
use http::Method;
use serde_json::json;

use super::http::{AcceptedBody, EmailBody, RegisterBody, VerifiedBody, VerifyBody};
use crate::identity::openapi::operation;
use crate::openapi::{Answer, Budget, Operation, RequestBody, entropy, json_body, of};

pub fn operations() -> Vec<Operation> {
    vec![register(), verify(), resend()]
}

fn register() -> Operation {
    operation(Method::POST, "/api/v1/auth/register", "register", Scope::AuthBegin)
        .says(
            "Registers a customer",
            "Makes an account and sends a link that confirms its address; until then nobody can log in to it. An \
             address that has an account is answered alike, and its owner gets a mail that says so.",
        )
        .budget(Budget::new(2, 4, 0))
        .body(RequestBody::json::<RegisterBody>("Who registers.").example(
            "customer",
            "A customer who reads Korean",
            json!({ "email": "grace@example.com", "password": "correct horse battery", "name": "Grace Hopper", "locale": "ko" }),
        ))
        .answer(accepted())
        .problems(json_body())
        .problems(entropy())
}

fn verify() -> Operation {
    operation(Method::POST, "/api/v1/auth/verify-email", "verifyEmail", Scope::AuthBegin)
        .says(
            "Confirms an e-mail address",
            "Takes the token from the link in the mail, once and within a day. From now on the account can log in, and \
             has the orders that were placed with its address. The password chosen at registration becomes the \
             account's only where it is given here too, since anybody could have registered the address; a link that \
             was sent again sets none.",
        )
        .budget(Budget::new(2, 2, 0))
        .body(verification())
        .answer(
            Answer::json::<VerifiedBody>(200, "The address is confirmed.")
                .example("password", "By whoever registered", json!({ "passwordSet": true }))
                .example("none", "Without the password, or with another", json!({ "passwordSet": false })),
        )
        .problems(json_body())
        .problems(entropy())
        .problems(vec![link_gone()])
}

fn resend() -> Operation {
    operation(Method::POST, "/api/v1/auth/verify-email/resend", "resendVerification", Scope::AuthBegin)
        .says(
            "Sends the confirming link again",
            "Five times an hour at most for whoever asks, twenty in all. The answer is the same for every address.",
        )
        .budget(Budget::new(2, 2, 0))
        .body(email())
        .answer(accepted())
        .problems(json_body())
        .problems(entropy())
}

pub fn accepted() -> Answer {
    Answer::json::<AcceptedBody>(202, "A mail is on its way, where there is somebody to read it.").example(
        "mail",
        "For every address",
        json!({ "next": "check-mail" }),
    )
}

pub fn email() -> RequestBody {
    RequestBody::json::<EmailBody>("The address.").example(
        "email",
        "An address",
        json!({ "email": "grace@example.com" }),
    )
}

fn verification() -> RequestBody {
    RequestBody::json::<VerifyBody>("The link's token, and the password.").example(
        "token",
        "From a mail, by whoever registered",
        json!({ "token": TOKEN, "password": "correct horse battery" }),
    )
}

pub fn link_gone() -> crate::openapi::Problem {
    of(NotRedeemable::Gone, "The link was used before, is over, or never was one.")
}

pub const TOKEN: &str = "Zm91ci1odW5kcmVkLWFuZC10aGlydHktdHdvLWJpdHM";
