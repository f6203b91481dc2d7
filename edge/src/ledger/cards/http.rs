//! `/api/v1/gift-cards`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::GiftCardKind;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::ledger::{GiftCardCode, last_four};
use headlesspro_shared::limits::Class;
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, BY_AGE, NewCard};
use crate::app::Ctx;
use crate::catalog::{AfterText, listed, unversioned, versioned};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::ledger::http::{history, text};
use crate::ledger::store::card::{Card, Filter, Usable, state_name};
use crate::ledger::store::entry::Page;
use crate::ledger::wire::{AdjustBody, positive};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText, MoneyBody};

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::GiftCardsRead), Access::Key(Scope::GiftCardsWrite));
    Routes::new()
        .get("/api/v1/gift-cards", read, list)
        .post("/api/v1/gift-cards", write, issue)
        .get("/api/v1/gift-cards/{id}", read, show)
        .post("/api/v1/gift-cards/{id}/disable", write, disable)
        .post("/api/v1/gift-cards/{id}/enable", write, enable)
        .post("/api/v1/gift-cards/{id}/adjustments", write, adjust)
        .get("/api/v1/gift-cards/{id}/entries", read, entries)
        // Where a guess can succeed.
        .class(Class::Auth)
        .post("/api/v1/gift-cards/lookup", Access::Key(Scope::CheckoutWrite), look_up)
}

/// A gift card, as the staff sees it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GiftCard")]
pub struct CardBody {
    #[schemars(with = "IdText<GiftCardKind>")]
    pub id: String,
    /// In the answer that issues the card alone, and in a repeat of it for a day: nobody can read it later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Of the code.
    pub last_four: String,
    /// One that is disabled pays for nothing.
    #[schemars(extend("enum" = ["active", "disabled"]))]
    pub state: &'static str,
    pub balance: MoneyBody,
    /// What was on it when it was issued.
    pub issued: MoneyBody,
    /// From then on it pays for nothing; null: never.
    #[schemars(with = "Option<MomentText>")]
    pub expires_at: Option<String>,
    /// For the staff.
    pub note: Option<String>,
    /// Grows with each change but those of the balance; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GiftCards")]
pub struct CardsBody {
    /// The newest first.
    pub items: Vec<CardBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "IssueGiftCard", deny_unknown_fields)]
pub struct IssueBody {
    /// Above zero, and 1,000,000,000 minor units at most: 10,000,000.00 EUR. Its currency is the card's.
    #[schemars(required, with = "Option<MoneyBody>")]
    pub amount: Option<Money>,
    /// Of 16 to 32 letters and digits, such as one that is printed already; made where it is left out, of 80 random bits.
    #[schemars(length(min = 16, max = 64))]
    pub code: Option<String>,
    /// In the future; never where it is left out.
    #[schemars(with = "Option<MomentText>")]
    pub expires_at: Option<Timestamp>,
    /// For the staff.
    #[schemars(length(min = 1, max = 500))]
    pub note: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LookUpGiftCard", deny_unknown_fields)]
pub struct LookUpBody {
    /// In any case, with blanks and hyphens or without.
    #[schemars(required, length(min = 16, max = 64))]
    pub code: Option<String>,
}

/// What whoever has the code is told of a card.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GiftCardBalance")]
pub struct BalanceBody {
    /// Of the code.
    pub last_four: String,
    pub balance: MoneyBody,
    /// From then on it pays for nothing; null: never.
    #[schemars(with = "Option<MomentText>")]
    pub expires_at: Option<String>,
}

impl Parse for IssueBody {
    type Parsed = NewCard;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewCard> {
        let amount = errors.required("amount", self.amount, positive);
        let code = errors.optional("code", self.code, |code| code.parse::<GiftCardCode>());
        let note = errors.optional("note", self.note, |note| note.parse::<Line<500>>());
        let new = NewCard { amount: amount?, code, expires_at: self.expires_at, note };
        errors.is_empty().then_some(new)
    }
}

impl Parse for LookUpBody {
    type Parsed = GiftCardCode;

    fn parse(self, errors: &mut FieldErrors) -> Option<GiftCardCode> {
        errors.required("code", self.code, |code| code.parse::<GiftCardCode>())
    }
}

impl Query for Filter {
    fn parse(params: &mut QueryParams) -> Filter {
        let AfterText { after, limit } = AfterText::take(params, BY_AGE);
        let is_active = params.take("filter[state]", |state| match state {
            "active" => Ok(true),
            "disabled" => Ok(false),
            _ => Err("must be active or disabled"),
        });
        let last_four = params.take("filter[lastFour]", last_four);
        Filter { is_active, last_four, behind: after, limit }
    }
}

async fn list(ctx: Ctx, Parsed(filter): Parsed<Filter>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, &filter).await?;
    let body = CardsBody { items: found.iter().map(|card| body_of(card, None)).collect(), next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn issue(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<IssueBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::issue(&ctx, &body.parsed, claim.as_ref()).await?))
}

async fn show(ctx: Ctx, PathId(id): PathId<GiftCardKind>) -> Result<Response, Problem> {
    Ok(shown(&usecase::find(&ctx, id).await?))
}

async fn disable(ctx: Ctx, PathId(id): PathId<GiftCardKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    Ok(shown(&usecase::set_active(&ctx, id, false, version).await?))
}

async fn enable(ctx: Ctx, PathId(id): PathId<GiftCardKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    Ok(shown(&usecase::set_active(&ctx, id, true, version).await?))
}

async fn adjust(
    ctx: Ctx,
    PathId(id): PathId<GiftCardKind>,
    key: Option<IdempotencyKey>,
    body: Json<AdjustBody>,
) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::adjust(&ctx, id, &body.parsed, claim.as_ref()).await?))
}

async fn entries(
    ctx: Ctx,
    PathId(id): PathId<GiftCardKind>,
    Parsed(page): Parsed<Page>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::entries(&ctx, id, &page).await?;
    Ok(history(found, next_cursor, &uri))
}

async fn look_up(ctx: Ctx, body: Json<LookUpBody>) -> Result<Response, Problem> {
    let Usable { balance, expires_at, .. } = usecase::look_up(&ctx, &body.parsed).await?;
    let body = BalanceBody {
        last_four: body.parsed.last_four().to_owned(),
        balance: balance.into(),
        expires_at: expires_at.map(|at| at.to_string()),
    };
    Ok(unversioned(text(&body)))
}

fn shown(card: &Card) -> Response {
    versioned(card.version, render(card, None))
}

/// The card as it is answered, with its code once.
pub fn render(card: &Card, code: Option<&GiftCardCode>) -> String {
    text(&body_of(card, code))
}

fn body_of(card: &Card, code: Option<&GiftCardCode>) -> CardBody {
    CardBody {
        id: card.id.to_string(),
        code: code.map(GiftCardCode::grouped),
        last_four: card.last_four.clone(),
        state: state_name(card.is_active),
        balance: card.balance.into(),
        issued: card.issued.into(),
        expires_at: card.expires_at.map(|at| at.to_string()),
        note: card.note.clone(),
        version: card.version,
        created_at: card.created_at.to_string(),
        updated_at: card.updated_at.to_string(),
    }
}
