//! `hp token`: tokens for parts of our own.

use clap::{Args, Subcommand};
use headlesspro_shared::identity::{Scopes, Service};

use super::database::{self, DatabaseArgs};
use super::output;
use super::secrets::{self, SecretsArgs};
use super::store::choose;
use crate::app::Tenant;
use crate::identity;
use crate::organizations::StoreSummary;

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Print a signed access token for a scheduler or worker that calls the API. It lives a quarter of an hour.
    Service(ServiceArgs),
    /// Void what was issued to a scheduler or worker until now, everywhere within 30 seconds.
    Revoke(RevokeArgs),
}

#[derive(Args)]
pub struct ServiceArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// A store of the organization; needed where the database has several.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// What it may do, with blanks between.
    #[arg(long, default_value = "jobs:run")]
    scope: String,
    /// What the audit log calls it: lower-case letters and hyphens.
    #[arg(long, default_value = "cron")]
    name: String,
    /// The deployment's ISSUER.
    #[arg(long, env = "HP_ISSUER", default_value = "headlesspro")]
    issuer: String,
}

#[derive(Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// A store of the organization that the tokens name; needed where the database has several.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// What the audit log calls it, such as `svc_cron`.
    name: String,
}

pub async fn run(command: TokenCommand) -> Result<(), String> {
    match command {
        TokenCommand::Service(args) => issue(args).await,
        TokenCommand::Revoke(args) => revoke(args).await,
    }
}

async fn issue(args: ServiceArgs) -> Result<(), String> {
    let scopes: Scopes = args.scope.parse().map_err(|error| format!("--scope: {error}"))?;
    if scopes.is_empty() {
        return Err("--scope: needs at least one".to_owned());
    }
    let service = service(&args.name).map_err(|error| format!("--name: {error}"))?;
    let app = database::app(database::open(&args.database)?, secrets::of(&args.database, &args.secrets)?);
    let store = choose(&app, args.store.as_deref()).await?;
    let tenant = Tenant { organization: store.organization, store: store.store };
    let token = identity::service_token(&app, (tenant, store.currency), &args.issuer, service, scopes).await;
    output::whole(&format!("{}\n", token.map_err(|error| error.to_string())?))
}

/// No secrets are needed: nothing is signed, and nothing sealed is read.
async fn revoke(args: RevokeArgs) -> Result<(), String> {
    let service = service(args.name.strip_prefix("svc_").unwrap_or(&args.name))?;
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let StoreSummary { organization, store, .. } = choose(&app, args.store.as_deref()).await?;
    let revoked = identity::revoke_service_tokens(&app, Tenant { organization, store }, service.clone()).await;
    revoked.map_err(|error| error.to_string())?;
    let name = service.as_str();
    output::line(format_args!("tokens of svc_{name} that were issued until now for {organization} are revoked"));
    Ok(())
}

fn service(name: &str) -> Result<Service, String> {
    name.parse().map_err(|_| "must be 1 to 32 lower-case letters and hyphens, such as mail-queue".to_owned())
}
