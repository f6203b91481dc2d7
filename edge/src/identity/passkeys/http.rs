//! `/api/v1/auth/passkeys`, and for whom they are made: `/api/v1/relying-party`.
//!
//! Options and answers are those of `PublicKeyCredential.parseCreationOptionsFromJSON()`,
//! `parseRequestOptionsFromJSON()` and `toJSON()` (Web Authentication, Level 3, section 5.1), so that a page hands them
//! through as they are.

use std::convert::Infallible;

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_shared::identity::passkey::{
    CHALLENGE_SECONDS, CredentialKey, InvalidRelyingParty, LONGEST_CREDENTIAL_ID, PasskeyError, RelyingParty,
};
use headlesspro_shared::identity::{KeyName, Scope};
use headlesspro_shared::kernel::id::PasskeyKind;
use headlesspro_shared::limits::Class;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ceremony::{Assertion, Registration};
use super::usecase::{self, Brought, PasskeyFailure, Presented};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, PathId};
use crate::identity::http::{TokensBody, answer, device, not_fresh, nothing, person};
use crate::identity::store::passkey::Passkey;
use crate::journal::{Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// Of what a browser brings, each member is at most so long, in characters: an attestation with certificates fits.
const LONGEST: usize = 16 * 1024;

pub fn routes() -> Routes {
    let (begin, own) = (Access::Key(Scope::AuthBegin), Access::Key(Scope::ProfileWrite));
    Routes::new()
        .get("/api/v1/relying-party", Access::Key(Scope::OrganizationRead), show_party)
        .patch("/api/v1/relying-party", Access::Key(Scope::StoresWrite), set_party)
        .get("/api/v1/auth/passkeys", Access::Key(Scope::ProfileRead), list)
        .post("/api/v1/auth/passkeys", own, register)
        .patch("/api/v1/auth/passkeys/{id}", own, rename)
        .delete("/api/v1/auth/passkeys/{id}", own, remove)
        .post("/api/v1/auth/passkeys/registration-options", own, registration_options)
        .class(Class::Auth)
        .post("/api/v1/auth/passkeys/login-options", begin, login_options)
        .post("/api/v1/auth/passkeys/login", begin, log_in)
}

/// A store as authenticators know it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RelyingParty")]
pub struct PartyBody {
    /// A domain. Passkeys are made for it, and found for no other.
    pub rp_id: String,
    /// What people see.
    pub name: String,
    /// The pages that may ask for passkeys: on the domain, or below it.
    pub origins: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SetRelyingParty", deny_unknown_fields)]
pub struct SetPartyBody {
    #[schemars(required, length(max = 253))]
    pub rp_id: Option<String>,
    #[schemars(required, length(min = 1, max = 80))]
    pub name: Option<String>,
    #[schemars(required, length(min = 1, max = 10))]
    pub origins: Option<Vec<String>>,
}

/// A passkey, without its key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Passkey")]
pub struct PasskeyBody {
    #[schemars(with = "IdText<PasskeyKind>")]
    pub id: String,
    pub name: String,
    /// The domain that it was made for.
    pub rp_id: String,
    #[schemars(extend("enum" = ["EdDSA", "ES256", "RS256"]))]
    pub algorithm: String,
    /// The authenticator's model, in hex; zeros where it does not tell.
    pub aaguid: String,
    /// Whether it may be on other devices too.
    pub backed_up: bool,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "Option<MomentText>")]
    pub last_used_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Passkeys")]
pub struct PasskeysBody {
    /// The oldest first.
    pub items: Vec<PasskeyBody>,
}

/// For `navigator.credentials`: hand `publicKey` to `PublicKeyCredential.parseCreationOptionsFromJSON()` or
/// `parseRequestOptionsFromJSON()`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PasskeyOptions")]
pub struct OptionsBody {
    /// As Web Authentication, Level 3, describes it (section 5.4 or 5.5), binary members in base64url.
    pub public_key: Map<String, Value>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RegisterPasskey", deny_unknown_fields)]
pub struct RegisterBody {
    /// What the person calls it.
    #[schemars(length(min = 1, max = 80))]
    pub name: Option<String>,
    /// What `toJSON()` of the new credential gives.
    #[schemars(required)]
    pub credential: Option<CredentialBody>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LogInWithPasskey", deny_unknown_fields)]
pub struct LoginBody {
    /// What `toJSON()` of the credential gives.
    #[schemars(required)]
    pub credential: Option<CredentialBody>,
}

/// A credential of Web Authentication, as `toJSON()` gives it.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PublicKeyCredential", deny_unknown_fields)]
#[expect(dead_code, reason = "browsers send members that nothing here needs")]
pub struct CredentialBody {
    pub id: Option<String>,
    #[schemars(required)]
    pub raw_id: Option<String>,
    #[schemars(extend("const" = "public-key"))]
    pub r#type: Option<String>,
    #[schemars(required)]
    pub response: Option<ResponseBody>,
    pub authenticator_attachment: Option<String>,
    pub client_extension_results: Option<Map<String, Value>>,
}

/// What the authenticator answered, in base64url: `attestationObject` of a registration, `authenticatorData` and
/// `signature` of a login.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthenticatorResponse", deny_unknown_fields)]
#[expect(dead_code, reason = "browsers send members that nothing here needs")]
pub struct ResponseBody {
    #[serde(rename = "clientDataJSON")]
    #[schemars(required)]
    pub client_data_json: Option<String>,
    pub attestation_object: Option<String>,
    pub authenticator_data: Option<String>,
    pub signature: Option<String>,
    pub user_handle: Option<String>,
    pub transports: Option<Vec<String>>,
    pub public_key: Option<String>,
    pub public_key_algorithm: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RenamePasskey", deny_unknown_fields)]
pub struct RenameBody {
    #[schemars(required, length(min = 1, max = 80))]
    pub name: Option<String>,
}

/// Nothing is to be said.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "NoPasskeyOptions", deny_unknown_fields)]
pub struct NoBody {}

impl Parse for NoBody {
    type Parsed = ();

    fn parse(self, _: &mut FieldErrors) -> Option<()> {
        Some(())
    }
}

impl Parse for SetPartyBody {
    type Parsed = RelyingParty;

    fn parse(self, errors: &mut FieldErrors) -> Option<RelyingParty> {
        let id = errors.required("rpId", self.rp_id, Ok::<_, Infallible>);
        let name = errors.required("name", self.name, Ok::<_, Infallible>);
        let origins = errors.required("origins", self.origins, Ok::<_, Infallible>);
        match RelyingParty::new(&id?, &name?, origins?) {
            Ok(party) => Some(party),
            Err(error) => {
                let at = match error {
                    InvalidRelyingParty::Id => "rpId",
                    InvalidRelyingParty::Name => "name",
                    InvalidRelyingParty::Count | InvalidRelyingParty::Origin => "origins",
                };
                errors.push(at, error.to_string());
                None
            }
        }
    }
}

impl Parse for RenameBody {
    type Parsed = KeyName;

    fn parse(self, errors: &mut FieldErrors) -> Option<KeyName> {
        errors.required("name", self.name, |name| name.parse::<KeyName>())
    }
}

impl Parse for RegisterBody {
    type Parsed = Brought;

    fn parse(self, errors: &mut FieldErrors) -> Option<Brought> {
        let name = errors.optional("name", self.name, |name| name.parse::<KeyName>());
        let credential = errors.required("credential", self.credential, Ok::<_, Infallible>)?;
        let (credential_id, response) = errors.nested("credential", |errors| credential.parse(errors))?;
        errors.nested("credential/response", |errors| {
            let client_data = binary(errors, "clientDataJSON", response.client_data_json);
            let attestation_object = binary(errors, "attestationObject", response.attestation_object);
            let transports = response.transports.unwrap_or_default();
            let is_list = transports.len() <= 8
                && transports.iter().all(|name| {
                    (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                });
            if !is_list {
                errors.push("transports", "must be at most 8 names such as internal or usb");
                return None;
            }
            let registration =
                Registration { client_data: client_data?, attestation_object: attestation_object?, credential_id };
            Some(Brought { name, registration, transports })
        })
    }
}

impl Parse for LoginBody {
    type Parsed = Presented;

    fn parse(self, errors: &mut FieldErrors) -> Option<Presented> {
        let credential = errors.required("credential", self.credential, Ok::<_, Infallible>)?;
        let (credential_id, response) = errors.nested("credential", |errors| credential.parse(errors))?;
        errors.nested("credential/response", |errors| {
            let client_data = binary(errors, "clientDataJSON", response.client_data_json);
            let authenticator_data = binary(errors, "authenticatorData", response.authenticator_data);
            let signature = binary(errors, "signature", response.signature);
            let user_handle = match response.user_handle {
                None => None,
                Some(handle) => Some(binary(errors, "userHandle", Some(handle))?),
            };
            Some(Presented {
                credential_id: URL_SAFE_NO_PAD.encode(credential_id),
                user_handle,
                assertion: Assertion {
                    client_data: client_data?,
                    authenticator_data: authenticator_data?,
                    signature: signature?,
                },
            })
        })
    }
}

impl CredentialBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<(Vec<u8>, ResponseBody)> {
        let id = binary(errors, "rawId", self.raw_id)?;
        if id.is_empty() || LONGEST_CREDENTIAL_ID < id.len() {
            errors.push("rawId", "must have 1 to 1023 bytes");
            return None;
        }
        if self.r#type.is_some_and(|kind| kind != "public-key") {
            errors.push("type", "must be public-key");
            return None;
        }
        Some((id, errors.required("response", self.response, Ok::<_, Infallible>)?))
    }
}

fn binary(errors: &mut FieldErrors, name: &str, text: Option<String>) -> Option<Vec<u8>> {
    errors.required(name, text, |text| {
        let decoded = (text.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
        decoded.flatten().ok_or("must be base64url, and not too long")
    })
}

async fn show_party(ctx: Ctx) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, &PartyBody::of(&usecase::party(&ctx).await?)))
}

async fn set_party(ctx: Ctx, body: Json<SetPartyBody>) -> Result<Response, Problem> {
    usecase::set_party(&ctx, &body.parsed).await?;
    Ok(answer(StatusCode::OK, &PartyBody::of(&body.parsed)))
}

async fn list(ctx: Ctx) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let items = usecase::list(&ctx, person.account).await?.into_iter().map(PasskeyBody::of).collect();
    Ok(answer(StatusCode::OK, &PasskeysBody { items }))
}

async fn registration_options(ctx: Ctx, _: Json<NoBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let options = usecase::registration_options(&ctx, person).await?;
    let user = URL_SAFE_NO_PAD.encode(options.account.to_string());
    let public_key = json!({
        "rp": { "id": options.party.id(), "name": options.party.name() },
        "user": { "id": user, "name": options.email, "displayName": options.email },
        "challenge": options.challenge,
        "pubKeyCredParams":
            CredentialKey::ALGORITHMS.map(|algorithm| json!({ "type": "public-key", "alg": algorithm })),
        "timeout": CHALLENGE_SECONDS.saturating_mul(1_000),
        "excludeCredentials": options.known.iter().map(|known| {
            json!({ "type": "public-key", "id": known.credential_id, "transports": known.transports })
        }).collect::<Vec<_>>(),
        "authenticatorSelection":
            { "residentKey": "required", "requireResidentKey": true, "userVerification": "required" },
        "attestation": "none",
    });
    Ok(answer(StatusCode::OK, &OptionsBody::of(public_key)))
}

async fn login_options(ctx: Ctx, _: Json<NoBody>) -> Result<Response, Problem> {
    let options = usecase::login_options(&ctx).await?;
    let public_key = json!({
        "challenge": options.challenge,
        "timeout": CHALLENGE_SECONDS.saturating_mul(1_000),
        "rpId": options.party.id(),
        "allowCredentials": [],
        "userVerification": "required",
    });
    Ok(answer(StatusCode::OK, &OptionsBody::of(public_key)))
}

async fn register(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<RegisterBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let told = |passkey| serde_json::to_string(&PasskeyBody::of(passkey)).unwrap_or_default();
    Ok(created(usecase::register(&ctx, person.account, &body.parsed, claim.as_ref(), told).await?))
}

async fn rename(ctx: Ctx, PathId(id): PathId<PasskeyKind>, body: Json<RenameBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let passkey = usecase::rename(&ctx, person.account, id, &body.parsed).await?;
    Ok(answer(StatusCode::OK, &PasskeyBody::of(passkey)))
}

async fn remove(ctx: Ctx, PathId(id): PathId<PasskeyKind>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    usecase::remove(&ctx, person.account, id).await?;
    Ok(nothing())
}

async fn log_in(ctx: Ctx, headers: HeaderMap, body: Json<LoginBody>) -> Result<Response, Problem> {
    let tokens = usecase::log_in(&ctx, &body.parsed, &device(&headers)).await?;
    Ok(answer(StatusCode::OK, &TokensBody::from(tokens)))
}

impl PartyBody {
    fn of(party: &RelyingParty) -> PartyBody {
        PartyBody { rp_id: party.id().to_owned(), name: party.name().to_owned(), origins: party.origins().to_vec() }
    }
}

impl OptionsBody {
    fn of(options: Value) -> OptionsBody {
        match options {
            Value::Object(public_key) => OptionsBody { public_key },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                OptionsBody { public_key: Map::new() }
            }
        }
    }
}

impl PasskeyBody {
    fn of(passkey: Passkey) -> PasskeyBody {
        let algorithm = match passkey.algorithm {
            -8 => "EdDSA",
            -7 => "ES256",
            _ => "RS256",
        };
        PasskeyBody {
            id: passkey.id.to_string(),
            name: passkey.name,
            rp_id: passkey.rp_id,
            algorithm: algorithm.to_owned(),
            aaguid: passkey.aaguid,
            backed_up: passkey.is_backed_up,
            created_at: passkey.created_at.to_string(),
            last_used_at: passkey.last_used_at.map(|at| at.to_string()),
        }
    }
}

impl From<PasskeyFailure> for Problem {
    fn from(failure: PasskeyFailure) -> Problem {
        match failure {
            PasskeyFailure::NoParty => Problem::new(StatusCode::CONFLICT, "no-relying-party")
                .detail("The store has not said yet for which domain passkeys are made: PATCH /api/v1/relying-party."),
            PasskeyFailure::NotProven(error) => not_proven(error),
            PasskeyFailure::Refused => Problem::new(StatusCode::UNAUTHORIZED, "login-refused")
                .detail("No account here is opened by this passkey.")
                .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headlesspro\"")),
            PasskeyFailure::Exists => {
                Problem::new(StatusCode::CONFLICT, "passkey-exists").detail("This passkey is registered already.")
            }
            PasskeyFailure::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-passkeys")
                .detail("The account has 25 passkeys. Remove one first."),
            PasskeyFailure::NotFresh => not_fresh("Log in again"),
            PasskeyFailure::LastLoginMethod => Problem::new(StatusCode::CONFLICT, "last-login-method")
                .detail("Nothing else opens this account. Set a password or add another passkey first."),
        }
    }
}

fn not_proven(error: PasskeyError) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "passkey-not-proven")
        .detail(format!("The passkey was not accepted: {error}."))
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headlesspro\""))
}
