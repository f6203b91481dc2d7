//! The operations of second factors, for the OpenAPI document.

use headlesspro_shared::identity::{Challenge, ChallengeClaim, Scope};
use headlesspro_shared::kernel::id::AccountKind;
use http::Method;
use schemars::JsonSchema;
use serde_json::json;

use super::http::{ConfirmBody, EnrolledBody, LoginStepBody, RecoveryCodesBody, ShownBody, required};
use super::usecase::SecondFactorError;
use crate::identity::openapi::{RetryAfterSeconds, operation, tokens};
use crate::openapi::{
    Answer, Budget, Operation, Problem, Problems, RequestBody, entropy, id, json_body, not_found, of, redis,
};

pub fn operations() -> Vec<Operation> {
    vec![enroll(), confirm(), disable(), replace_codes(), log_in()]
}

fn enroll() -> Operation {
    operation(Method::POST, "/api/v1/auth/second-factor", "enrollSecondFactor", Scope::ProfileWrite)
        .says("Begins a second factor", "Makes the secret of an authenticator app. It counts once it is confirmed. Takes a login of the last ten minutes.")
        .budget(Budget::new(2, 4, 0))
        .answer(Answer::json::<EnrolledBody>(200, "The secret.").example(
            "secret",
            "For an authenticator app",
            json!({
                "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                "uri": "otpauth://totp/shop.example:grace%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                        &issuer=shop.example&algorithm=SHA1&digits=6&period=30",
            }),
        ))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(SecondFactorError::Active, "There is one."),
            of(SecondFactorError::NotFresh, "The login is more than ten minutes ago, or somebody else's."),
        ])
}

fn confirm() -> Operation {
    codes_for_a_code("/api/v1/auth/second-factor/confirm", "confirmSecondFactor")
        .says(
            "Confirms a second factor",
            "Takes a first code of the app. From now on each login by password or link asks for one.",
        )
        .problems(vec![
            of(SecondFactorError::Active, "There is one."),
            of(SecondFactorError::Missing, "None is waiting to be confirmed."),
        ])
}

fn replace_codes() -> Operation {
    codes_for_a_code("/api/v1/auth/second-factor/recovery-codes", "replaceRecoveryCodes")
        .says(
            "Makes new recovery codes",
            "Takes a code of the app, and voids the recovery codes there were. A mail tells the account's owner.",
        )
        .problems(vec![of(SecondFactorError::Missing, "There is no second factor.")])
}

/// Takes a code of the app, and answers recovery codes.
fn codes_for_a_code(path: &'static str, id: &'static str) -> Operation {
    let codes = Answer::json::<RecoveryCodesBody>(200, "The recovery codes.").example(
        "codes",
        "Two of the ten",
        json!({ "recoveryCodes": ["0f9c-2m4x-7k1q-w8hz", "5tbn-3v6d-r0jy-e2sa"] }),
    );
    operation(Method::POST, path, id, Scope::ProfileWrite)
        .budget(Budget::new(2, 2, 1))
        .body(RequestBody::json::<ConfirmBody>("The code.").example(
            "code",
            "From the app",
            json!({ "code": "755224" }),
        ))
        .answer(codes)
        .problems(json_body())
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(shown())
}

fn disable() -> Operation {
    operation(Method::POST, "/api/v1/auth/second-factor/disable", "disableSecondFactor", Scope::ProfileWrite)
        .says("Takes the second factor away", "Takes a code of the app, or a recovery code.")
        .budget(Budget::new(2, 2, 1))
        .body(RequestBody::json::<ShownBody>("A code.").example(
            "recovery",
            "The app is lost",
            json!({ "recoveryCode": "0f9c-2m4x-7k1q-w8hz" }),
        ))
        .answer(Answer::empty(204, "A password or a link is enough again."))
        .problems(json_body())
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(shown())
        .problems(vec![of(SecondFactorError::Missing, "There is none.")])
}

fn log_in() -> Operation {
    operation(Method::POST, "/api/v1/auth/login/second-factor", "logInWithSecondFactor", Scope::AuthBegin)
        .says(
            "Opens a session by the second factor",
            "Takes the challenge of `second-factor-required`, for five minutes and once, with a code. A wrong code \
             leaves the challenge as it is; many have to wait, as wrong passwords do.",
        )
        .budget(Budget::new(2, 2, 1))
        .body(RequestBody::json::<LoginStepBody>("The challenge and a code.").example(
            "code",
            "From the app",
            json!({ "challenge": example().as_str(), "code": "755224" }),
        ))
        .answer(tokens())
        .problems(json_body())
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(shown())
        .problems(vec![of(SecondFactorError::ChallengeGone, "The challenge was used, or is over.")])
}

fn shown() -> Problems {
    vec![
        of(SecondFactorError::Wrong, "The code is wrong, or was used."),
        of(SecondFactorError::Wait { millis: 4_000 }, "Too many wrong codes.").with::<RetryAfterSeconds>(),
    ]
}

fn example() -> Challenge {
    let account = id::<AccountKind>(1);
    ChallengeClaim { account, ends: account.created_at(), nonce: 0x0123_4567_89ab_cdef }.with_mac([7; 32])
}

/// Of every login that may ask for a second factor.
pub fn second_factor_required() -> Problem {
    of(required(&example()), "The account has a second factor.").with::<SecondFactorRequired>()
}

/// The members beside the standard ones.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read by the schema's derive")]
struct SecondFactorRequired {
    /// Stands for the first factor, once.
    challenge: String,
    /// Seconds.
    expires_in: i64,
}
