//! The operations of passkeys, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::identity::passkey::PasskeyError;
use headlesspro_shared::kernel::id::PasskeyKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{
    LoginBody, NoBody, OptionsBody, PartyBody, PasskeyBody, PasskeysBody, RegisterBody, RenameBody, SetPartyBody,
};
use super::usecase::PasskeyFailure;
use crate::identity::openapi::{operation, tokens};
use crate::openapi::{
    Answer, Budget, Header, Operation, Parameter, Problems, RequestBody, entropy, id, idempotency, json_body,
    not_found, of, time,
};

const CHALLENGE: &str = "b3BhcXVlLWJ5LWRlc2lnbi1hbmQtdXNlZC1vbmNlLTA";
const CREDENTIAL: &str = "-R85HbTJsv3g6nAYnLo_tj9Xm6YSKzOtlP8-wzAIS-Q";

pub fn operations() -> Vec<Operation> {
    let own = [list(), registration_options(), register(), rename(), remove()];
    own.into_iter().chain([login_options(), log_in(), show_party(), set_party()]).collect()
}

fn show_party() -> Operation {
    operation(Method::GET, "/api/v1/relying-party", "getRelyingParty", Scope::OrganizationRead)
        .says("For whom passkeys are made", "The store's domain, and the pages that may ask for passkeys.")
        .budget(Budget::new(1, 1, 0))
        .answer(Answer::json::<PartyBody>(200, "The relying party.").example("shop", "A shop", party()))
        .problems(not_found())
}

fn set_party() -> Operation {
    operation(Method::PATCH, "/api/v1/relying-party", "setRelyingParty", Scope::StoresWrite)
        .says(
            "Says for whom passkeys are made",
            "The whole of it. Passkeys belong to their domain: with another one nobody finds theirs.",
        )
        .budget(Budget::new(2, 2, 0))
        .body(RequestBody::json::<SetPartyBody>("The relying party.").example("shop", "A shop", party()))
        .answer(Answer::json::<PartyBody>(200, "The relying party.").example("shop", "A shop", party()))
        .problems(json_body())
        .problems(entropy())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/auth/passkeys", "listPasskeys", Scope::ProfileRead)
        .says("Lists one's passkeys", "The oldest first.")
        .budget(Budget::new(1, 1, 0))
        .answer(Answer::json::<PasskeysBody>(200, "The passkeys.").example(
            "one",
            "One passkey",
            json!({ "items": [passkey()] }),
        ))
}

fn registration_options() -> Operation {
    operation(
        Method::POST,
        "/api/v1/auth/passkeys/registration-options",
        "beginPasskeyRegistration",
        Scope::ProfileWrite,
    )
    .says(
        "Begins to make a passkey",
        "Options for `navigator.credentials.create()`. The challenge is good once, for five minutes, for the account \
         that asks. Takes a login of the last ten minutes.",
    )
    .budget(Budget::new(2, 4, 0))
    .body(RequestBody::json::<NoBody>("Nothing.").example("nothing", "An empty object", json!({})))
    .answer(Answer::json::<OptionsBody>(200, "The options.").example(
        "options",
        "An account without passkeys",
        json!({ "publicKey": {
            "rp": { "id": "shop.example", "name": "Shop" },
            "user": { "id": "dXNyXzAx", "name": "ada@example.com", "displayName": "ada@example.com" },
            "challenge": CHALLENGE,
            "pubKeyCredParams": [{ "type": "public-key", "alg": -8 }, { "type": "public-key", "alg": -7 }],
            "timeout": 300_000,
            "excludeCredentials": [],
            "authenticatorSelection":
                { "residentKey": "required", "requireResidentKey": true, "userVerification": "required" },
            "attestation": "none",
        } }),
    ))
    .problems(json_body())
    .problems(not_found())
    .problems(entropy())
    .problems(no_party())
    .problems(vec![
        of(PasskeyFailure::TooMany, "The account has 25 passkeys."),
        of(PasskeyFailure::NotFresh, "The login is more than ten minutes ago, or somebody else's."),
    ])
}

fn register() -> Operation {
    operation(Method::POST, "/api/v1/auth/passkeys", "registerPasskey", Scope::ProfileWrite)
        .says(
            "Keeps a passkey",
            "What `toJSON()` of the new credential gives. Keys for EdDSA, ES256 and RS256 are taken; of attestations, \
             which are not asked for, only `packed` by the credential itself is verified.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<RegisterBody>("The credential.").example(
            "phone",
            "A phone",
            json!({ "name": "Phone", "credential": {
                "id": CREDENTIAL,
                "rawId": CREDENTIAL,
                "type": "public-key",
                "response": {
                    "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0",
                    "attestationObject": "o2NmbXRkbm9uZQ",
                    "transports": ["internal"],
                },
                "clientExtensionResults": {},
            } }),
        ))
        .answer(
            Answer::json::<PasskeyBody>(201, "The passkey.")
                .example("phone", "A phone", passkey())
                .headers([Header::Location, Header::IdempotentReplayed]),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(no_party())
        .problems(not_proven())
        .problems(vec![
            of(PasskeyFailure::TooMany, "The account has 25 passkeys."),
            of(PasskeyFailure::Exists, "It is registered already."),
        ])
}

fn rename() -> Operation {
    operation(Method::PATCH, "/api/v1/auth/passkeys/{id}", "renamePasskey", Scope::ProfileWrite)
        .says("Names one of one's passkeys", "")
        .budget(Budget::new(2, 2, 0))
        .parameters([passkey_id()])
        .body(RequestBody::json::<RenameBody>("The name.").example("key", "A name", json!({ "name": "Key ring" })))
        .answer(Answer::json::<PasskeyBody>(200, "The passkey.").example("phone", "A phone", passkey()))
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
}

fn remove() -> Operation {
    operation(Method::DELETE, "/api/v1/auth/passkeys/{id}", "removePasskey", Scope::ProfileWrite)
        .says(
            "Removes one of one's passkeys",
            "But not the last thing that opens the account: a password, another passkey or an identity elsewhere. A mail tells \
             the account's owner.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([passkey_id()])
        .answer(Answer::empty(204, "The passkey is gone."))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![of(PasskeyFailure::LastLoginMethod, "Nothing else opens the account.")])
}

fn login_options() -> Operation {
    operation(Method::POST, "/api/v1/auth/passkeys/login-options", "beginPasskeyLogin", Scope::AuthBegin)
        .says(
            "Begins a login with a passkey",
            "Options for `navigator.credentials.get()`; the authenticator knows whose passkeys it has. The challenge \
             is good once, for five minutes.",
        )
        .budget(Budget::new(2, 2, 0))
        .body(RequestBody::json::<NoBody>("Nothing.").example("nothing", "An empty object", json!({})))
        .answer(Answer::json::<OptionsBody>(200, "The options.").example(
            "options",
            "A shop",
            json!({ "publicKey": {
                "challenge": CHALLENGE,
                "timeout": 300_000,
                "rpId": "shop.example",
                "allowCredentials": [],
                "userVerification": "required",
            } }),
        ))
        .problems(json_body())
        .problems(entropy())
        .problems(no_party())
}

fn log_in() -> Operation {
    operation(Method::POST, "/api/v1/auth/passkeys/login", "logInWithPasskey", Scope::AuthBegin)
        .says(
            "Opens a session with a passkey",
            "What `toJSON()` of the credential gives. An authenticator whose counter goes back may be a copy, and is \
             refused.",
        )
        .budget(Budget::new(2, 3, 0))
        .body(RequestBody::json::<LoginBody>("The credential.").example(
            "phone",
            "A phone",
            json!({ "credential": {
                "id": CREDENTIAL,
                "rawId": CREDENTIAL,
                "type": "public-key",
                "response": {
                    "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
                    "authenticatorData": "v6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LUdAAAAAA",
                    "signature": "MEYCIQD1Ck4uRAkknEqFO6NhKC8JhB303UVHoTqHeAIY3v_NOAIhAISArA8Lk1OBdPV1vxGh3V14xuSG",
                    "userHandle": "dXNyXzAx",
                },
                "clientExtensionResults": {},
            } }),
        ))
        .answer(tokens())
        .problems(json_body())
        .problems(entropy())
        .problems(no_party())
        .problems(not_proven())
        .problems(vec![of(PasskeyFailure::Refused, "The passkey opens no account here.")])
}

fn no_party() -> Problems {
    vec![of(PasskeyFailure::NoParty, "The store has not said for which domain passkeys are made.")]
}

fn not_proven() -> Problems {
    vec![of(PasskeyFailure::NotProven(PasskeyError::Challenge), "What the authenticator says was not believed.")]
}

fn passkey_id() -> Parameter {
    Parameter::path(
        "id",
        "The passkey.",
        json!({ "type": "string", "pattern": "^pas_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<PasskeyKind>(1).to_string(),
    )
}

fn party() -> Value {
    json!({ "rpId": "shop.example", "name": "Shop", "origins": ["https://shop.example"] })
}

fn passkey() -> Value {
    json!({
        "id": id::<PasskeyKind>(1).to_string(),
        "name": "Phone",
        "rpId": "shop.example",
        "algorithm": "ES256",
        "aaguid": "8446ccb9ab1db374750b2367ff6f3a1f",
        "backedUp": true,
        "createdAt": time(0),
        "lastUsedAt": time(1),
    })
}
