//! `hp token`: tokens for parts of our own.

use clap::{Args, Subcommand};
use headlesspro_shared::identity::{Scopes, Service};

use super::database::{self, DatabaseArgs};
use super::output;
use super::secrets::{self, SecretsArgs};
use super::store::choose;
use crate::app::Tenant;
use crate::identity;

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Print a signed access token for a scheduler or worker that calls the API. It lives a quarter of an hour.
    Service(ServiceArgs),
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

pub async fn run(command: TokenCommand) -> Result<(), String> {
    let TokenCommand::Service(args) = command;
    let scopes: Scopes = args.scope.parse().map_err(|error| format!("--scope: {error}"))?;
    if scopes.is_empty() {
        return Err("--scope: needs at least one".to_owned());
    }
    let service: Service = args
        .name
        .parse()
        .map_err(|_| "--name: must be 1 to 32 lower-case letters and hyphens, such as mail-queue".to_owned())?;
    let app = database::app(database::open(&args.database)?, secrets::of(&args.database, &args.secrets)?);
    let store = choose(&app, args.store.as_deref()).await?;
    let tenant = Tenant { organization: store.organization, store: store.store };
    let token = identity::service_token(&app, (tenant, store.currency), &args.issuer, service, scopes).await;
    output::whole(&format!("{}\n", token.map_err(|error| error.to_string())?))
}
