//! `/api/v1/invitations`.

use axum::response::Response;
use headlesspro_shared::identity::{OneTimeToken, Role, Scope};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountKind, InvitationKind};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::limits::Class;
use headlesspro_shared::organizations::{InvitationError, InvitationState};
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, Accept, InvitationFailure, Invite, Shown};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, Parsed, PathId};
use crate::journal::{Answered, Claim, created};
use crate::organizations::http::{
    GrantBody, Page, answer, changed_meanwhile, cursor_after, field, grants, no_such_channels, nothing, page_answer,
    person,
};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let write = Access::Organization(Scope::MembersWrite);
    Routes::new()
        .get("/api/v1/invitations", Access::Organization(Scope::MembersRead), list)
        .post("/api/v1/invitations", write, invite)
        .post("/api/v1/invitations/{id}/resend", write, resend)
        .delete("/api/v1/invitations/{id}", write, revoke)
        .class(Class::Auth)
        .post("/api/v1/invitations/accept", Access::Key(Scope::AuthBegin), accept)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Invite", deny_unknown_fields)]
pub struct InviteBody {
    #[schemars(required, email)]
    pub email: Option<String>,
    /// `owner`, `admin`, `member`, `viewer` or the id of a custom role.
    #[schemars(required)]
    pub role: Option<String>,
    /// Narrow the role to what they name.
    #[schemars(length(max = 20))]
    pub grants: Option<Vec<GrantBody>>,
    /// The language of the mail; `en` when left out.
    pub locale: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AcceptInvitation", deny_unknown_fields)]
pub struct AcceptBody {
    /// The secret of the link.
    #[schemars(required, regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub token: Option<String>,
    /// Of the new account; an account that the address has keeps its own.
    #[schemars(length(min = 8, max = 512))]
    pub password: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    pub name: Option<String>,
}

/// An invitation to the staff.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Invitation")]
pub struct InvitationBody {
    #[schemars(with = "IdText<InvitationKind>")]
    pub id: String,
    pub email: String,
    /// `owner`, `admin`, `member`, `viewer` or the id of a custom role.
    pub role: String,
    /// Of a custom role.
    pub role_name: Option<String>,
    /// Where the role will hold; without any, everywhere.
    pub grants: Vec<GrantBody>,
    #[schemars(extend("enum" = ["open", "accepted", "revoked", "expired"]))]
    pub state: String,
    /// The account of who invites.
    #[schemars(with = "IdText<AccountKind>")]
    pub invited_by: String,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub expires_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Invitations")]
pub struct InvitationsBody {
    /// The oldest first.
    pub items: Vec<InvitationBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Who has joined. Tokens come with a login.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Joined")]
pub struct JoinedBody {
    #[schemars(with = "IdText<AccountKind>")]
    pub account_id: String,
    pub role: String,
    /// The organization's name.
    pub organization: String,
    /// Whether the account is new; else the address had one already, which keeps its password.
    pub created: bool,
}

/// What somebody accepts with.
pub struct Acceptance {
    /// `None` when it is none, which is answered as one that nobody was sent.
    token: Option<OneTimeToken>,
    password: Option<String>,
    name: Option<Line<200>>,
}

impl Parse for InviteBody {
    type Parsed = Invite;

    fn parse(self, errors: &mut FieldErrors) -> Option<Invite> {
        let email = errors.required("email", self.email, |email| email.parse::<Email>());
        let role = errors.required("role", self.role, |role| role.parse::<Role>());
        let grants = grants(self.grants, errors).unwrap_or_default();
        let locale = errors.optional("locale", self.locale, |locale| locale.parse::<Locale>()).unwrap_or_default();
        (errors.is_empty()).then_some(Invite { email: email?, role: role?, grants, locale })
    }
}

impl Parse for AcceptBody {
    type Parsed = Acceptance;

    fn parse(self, errors: &mut FieldErrors) -> Option<Acceptance> {
        let token = errors.required("token", self.token, Ok::<_, std::convert::Infallible>);
        let password = errors.optional("password", self.password, |text| {
            if 512 < text.len() { Err("the password is too long") } else { Ok(text) }
        });
        let name = errors.optional("name", self.name, |name| name.parse());
        Some(Acceptance { token: token?.parse().ok(), password, name })
    }
}

async fn list(ctx: Ctx, Parsed(page): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, more) = usecase::list(&ctx, &page.after, page.limit).await?;
    let next_cursor = found.last().filter(|_| more).map(|last| cursor_after(last.id));
    let body = InvitationsBody { items: found.into_iter().map(InvitationBody::from).collect(), next_cursor };
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

async fn invite(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<InviteBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    let (shown, is_replay) = usecase::invite(&ctx, actor, &body.parsed, claim.as_ref()).await?;
    let location = usecase::location(shown.id);
    let body = serde_json::to_string(&InvitationBody::from(shown)).unwrap_or_default();
    Ok(created(Answered { location, body, is_replay }))
}

async fn resend(ctx: Ctx, PathId(id): PathId<InvitationKind>) -> Result<Response, Problem> {
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    Ok(answer(StatusCode::OK, &InvitationBody::from(usecase::resend(&ctx, actor, id).await?)))
}

async fn revoke(ctx: Ctx, PathId(id): PathId<InvitationKind>) -> Result<Response, Problem> {
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    usecase::revoke(&ctx, actor, id).await?;
    Ok(nothing())
}

async fn accept(ctx: Ctx, body: Json<AcceptBody>) -> Result<Response, Problem> {
    let Acceptance { token, password, name } = &body.parsed;
    let token = token.as_ref().ok_or_else(Problem::not_found)?;
    let joined = usecase::accept(&ctx, &Accept { token, password: password.as_deref(), name: name.as_ref() }).await?;
    let body = JoinedBody {
        account_id: joined.account.to_string(),
        role: joined.role.to_string(),
        organization: joined.organization,
        created: joined.created,
    };
    Ok(answer(StatusCode::OK, &body))
}

impl From<Shown> for InvitationBody {
    fn from(shown: Shown) -> InvitationBody {
        InvitationBody {
            id: shown.id.to_string(),
            email: shown.email,
            role: shown.role.to_string(),
            role_name: shown.role_name,
            grants: shown.grants.iter().map(GrantBody::from).collect(),
            state: shown.state.to_string(),
            invited_by: shown.invited_by,
            created_at: shown.created_at.to_string(),
            expires_at: shown.expires_at.to_string(),
        }
    }
}

impl From<InvitationFailure> for Problem {
    fn from(failure: InvitationFailure) -> Problem {
        match failure {
            InvitationFailure::Refused(refused) => refused.into(),
            InvitationFailure::NoSuchChannel(places) => no_such_channels(&places),
            InvitationFailure::NoSuchRole => field("role", "there is no such role"),
            InvitationFailure::AlreadyMember => Problem::new(StatusCode::CONFLICT, "already-member")
                .detail("The address is a member's already. Give them another role instead.")
                .with("allowedActions", json!([])),
            InvitationFailure::AccountSuspended => Problem::new(StatusCode::CONFLICT, "account-suspended")
                .detail("The address belongs to a suspended account.")
                .with("allowedActions", json!([])),
            InvitationFailure::AlreadyInvited(id) => Problem::new(StatusCode::CONFLICT, "already-invited")
                .detail("The address is invited already. Send it again, or revoke it first.")
                .with("invitationId", json!(id)),
            InvitationFailure::NotOpen(InvitationError::NotOpen(state)) => not_open(state),
            InvitationFailure::NotOpen(InvitationError::OtherEmail) => Problem::not_found(),
            InvitationFailure::PlanLimit(exceeded) => exceeded.into(),
            InvitationFailure::PasswordRequired => field("password", "is required: the address has no account yet"),
            InvitationFailure::Password(error) => field("password", error.to_string()),
            InvitationFailure::Changing => changed_meanwhile(),
        }
    }
}

fn not_open(state: InvitationState) -> Problem {
    Problem::new(StatusCode::CONFLICT, "invitation-not-open")
        .detail(format!("The invitation is {state}."))
        .with("state", json!(state))
}
