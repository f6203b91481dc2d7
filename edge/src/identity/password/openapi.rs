//! The operations of passwords, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::{ChangePasswordBody, ResetPasswordBody};
use super::usecase::ChangeError;
use crate::identity::openapi::{RetryAfterSeconds, operation};
use crate::identity::registration::openapi::{TOKEN, accepted, email, link_gone};
use crate::openapi::{Answer, Budget, Operation, RequestBody, entropy, json_body, not_found, of, redis};

pub fn operations() -> Vec<Operation> {
    vec![change(), forgot(), reset()]
}

fn change() -> Operation {
    operation(Method::POST, "/api/v1/auth/password", "changePassword", Scope::ProfileWrite)
        .says(
            "Changes one's password",
            "Takes the current one, and ends all other sessions. A wrong current password counts as a failed login.",
        )
        .budget(Budget::new(2, 2, 2))
        .body(RequestBody::json::<ChangePasswordBody>("Both passwords.").example(
            "change",
            "Another one",
            json!({ "currentPassword": "correct horse battery", "newPassword": "incorrect mule cell" }),
        ))
        .answer(Answer::empty(204, "The password is changed."))
        .problems(json_body())
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(vec![
            of(ChangeError::Wrong, "The current password is another."),
            of(ChangeError::Wait { millis: 4_000 }, "Too many wrong passwords.").with::<RetryAfterSeconds>(),
        ])
}

fn forgot() -> Operation {
    operation(Method::POST, "/api/v1/auth/password/forgot", "forgetPassword", Scope::AuthBegin)
        .says(
            "Asks for a link to choose a new password",
            "The link is good for an hour, once. Five times an hour at most for whoever asks; \
             the answer is the same for every address.",
        )
        .budget(Budget::new(2, 2, 0))
        .body(email())
        .answer(accepted())
        .problems(json_body())
        .problems(entropy())
}

fn reset() -> Operation {
    operation(Method::POST, "/api/v1/auth/password/reset", "resetPassword", Scope::AuthBegin)
        .says("Chooses a new password by a link", "Ends every session of the account.")
        .budget(Budget::new(2, 2, 1))
        .body(RequestBody::json::<ResetPasswordBody>("The link's token, and the new password.").example(
            "reset",
            "From a mail",
            json!({ "token": TOKEN, "newPassword": "incorrect mule cell" }),
        ))
        .answer(Answer::empty(204, "The password is changed."))
        .problems(json_body())
        .problems(entropy())
        .problems(vec![link_gone()])
}
