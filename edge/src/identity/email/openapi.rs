//! The operations of changing one's address, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::{ChangeEmailBody, ConfirmEmailBody};
use super::usecase::EmailError;
use crate::identity::openapi::{RetryAfterSeconds, operation};
use crate::identity::registration::openapi::{TOKEN, accepted, link_gone};
use crate::identity::second_factor::usecase::SecondFactorError;
use crate::openapi::{Answer, Budget, Operation, RequestBody, entropy, json_body, not_found, of, redis};

pub fn operations() -> Vec<Operation> {
    vec![ask(), confirm()]
}

fn ask() -> Operation {
    operation(Method::POST, "/api/v1/auth/email", "askForEmailChange", Scope::ProfileWrite)
        .says(
            "Asks for another e-mail address",
            "Mails a link to the new address, good for an hour and once, and a notice to the one that the account has. \
             Takes the current password, and a code of the app or a recovery code where there is a second factor; an \
             account without a password shows such a code, or has logged in within the last ten minutes. An address that another account has is answered alike, and its owner told.",
        )
        .budget(Budget::new(2, 4, 2))
        .body(
            RequestBody::json::<ChangeEmailBody>("The new address.")
                .example(
                    "password",
                    "An account with a password",
                    json!({ "email": "grace@navy.example", "currentPassword": "correct horse battery" }),
                )
                .example(
                    "second-factor",
                    "One with a second factor as well",
                    json!({
                        "email": "grace@navy.example", "currentPassword": "correct horse battery", "code": "755224"
                    }),
                )
                .example("fresh", "One without, just logged in", json!({ "email": "grace@navy.example" })),
        )
        .answer(accepted())
        .problems(json_body())
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(vec![
            of(EmailError::WrongPassword, "The current password is another."),
            of(EmailError::NotFresh, "The account has no password, and its login is too long ago."),
            of(EmailError::SecondFactor(SecondFactorError::Wrong), "The code is wrong, or was used."),
            of(EmailError::SecondFactor(SecondFactorError::Missing), "There is no second factor to show."),
            of(EmailError::Wait { millis: 4_000 }, "Too many wrong ones.").with::<RetryAfterSeconds>(),
        ])
}

fn confirm() -> Operation {
    operation(Method::POST, "/api/v1/auth/email/confirm", "confirmEmailChange", Scope::AuthBegin)
        .says(
            "Confirms another e-mail address",
            "Takes the token from the link in the mail to the new address. Ends the account's sessions but the one \
             that asked, voids all other links, and tells the address that it had before.",
        )
        .budget(Budget::new(2, 2, 1))
        .body(RequestBody::json::<ConfirmEmailBody>("The link's token.").example(
            "token",
            "From a mail",
            json!({ "token": TOKEN }),
        ))
        .answer(Answer::empty(204, "The account has the address from now on."))
        .problems(json_body())
        .problems(entropy())
        .problems(vec![link_gone()])
}
