//! `/api/v1/customers/{id}/store-credit`, and the own one.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountId, AccountKind};
use headlesspro_shared::kernel::money::Money;
use http::Uri;
use schemars::JsonSchema;
use serde::Serialize;

use super::usecase;
use crate::app::Ctx;
use crate::catalog::unversioned;
use crate::extract::{IdempotencyKey, Json, Parsed, PathId};
use crate::failure::Denied;
use crate::journal::{Claim, created};
use crate::ledger::http::{history, text};
use crate::ledger::store::entry::Page;
use crate::ledger::wire::AdjustBody;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::MoneyBody;

/// Over the whole organization, whose stores share their customers.
pub fn routes() -> Routes {
    let read = Access::Organization(Scope::StoreCreditRead);
    let (write, own) = (Access::Organization(Scope::StoreCreditWrite), Access::Key(Scope::ProfileRead));
    Routes::new()
        .get("/api/v1/customers/{id}/store-credit", read, show)
        .post("/api/v1/customers/{id}/store-credit", write, adjust)
        .get("/api/v1/customers/{id}/store-credit/entries", read, entries)
        .get("/api/v1/customers/me/store-credit", own, show_own)
        .get("/api/v1/customers/me/store-credit/entries", own, own_entries)
}

/// What a customer can spend.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StoreCredit")]
pub struct CreditBody {
    /// By currency, each once: those that there ever was something in.
    pub balances: Vec<MoneyBody>,
}

async fn show(ctx: Ctx, PathId(id): PathId<AccountKind>) -> Result<Response, Problem> {
    Ok(unversioned(render(&usecase::of_customer(&ctx, id).await?)))
}

async fn adjust(
    ctx: Ctx,
    PathId(id): PathId<AccountKind>,
    key: Option<IdempotencyKey>,
    body: Json<AdjustBody>,
) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::adjust(&ctx, id, &body.parsed, claim.as_ref()).await?))
}

async fn entries(
    ctx: Ctx,
    PathId(id): PathId<AccountKind>,
    Parsed(page): Parsed<Page>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::entries(&ctx, id, &page).await?;
    Ok(history(found, next_cursor, &uri))
}

async fn show_own(ctx: Ctx) -> Result<Response, Problem> {
    let account = person(&ctx).await?;
    Ok(unversioned(render(&usecase::own(&ctx, account).await?)))
}

async fn own_entries(ctx: Ctx, Parsed(page): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let account = person(&ctx).await?;
    let (found, next_cursor) = usecase::own_entries(&ctx, account, &page).await?;
    Ok(history(found, next_cursor, &uri))
}

/// Whoever is logged in; keys are nobody.
async fn person(ctx: &Ctx) -> Result<AccountId, Problem> {
    if let Some(person) = ctx.person() {
        return Ok(person.account);
    }
    ctx.principal().await?;
    Err(Problem::from(Denied::MissingScope(Scope::ProfileRead)))
}

/// The balances as they are answered.
pub fn render(balances: &[Money]) -> String {
    text(&CreditBody { balances: balances.iter().copied().map(MoneyBody::from).collect() })
}
