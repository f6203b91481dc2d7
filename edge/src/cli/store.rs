//! `hp store create`: an organization with a store and its two keys.

use std::sync::Arc;

use clap::{Args, Subcommand};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::Currency;

use super::database::{self, DatabaseArgs};
use super::output;
use super::secrets::{self, SecretsArgs};
use crate::app::App;
use crate::organizations::{self, Opened, StoreSummary};

#[derive(Subcommand)]
pub enum StoreCommand {
    /// Open a store with a publishable and a secret key, which are shown this once.
    Create(CreateArgs),
    /// List the stores of a database.
    List(ListArgs),
}

#[derive(Args)]
pub struct CreateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// The organization that owns the store.
    #[arg(long, default_value = "My organization")]
    organization: Line<200>,
    /// The store's name.
    #[arg(long, default_value = "My store")]
    name: Line<200>,
    /// The currency of its prices, ISO 4217.
    #[arg(long, default_value = "EUR")]
    currency: String,
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

pub async fn run(command: StoreCommand) -> Result<(), String> {
    match command {
        StoreCommand::Create(args) => create(args).await,
        StoreCommand::List(args) => list(args).await,
    }
}

async fn create(args: CreateArgs) -> Result<(), String> {
    let currency: Currency =
        args.currency.parse().map_err(|_| format!("{} is no currency of ISO 4217", args.currency))?;
    let app = database::app(database::open(&args.database)?, secrets::of(&args.database, &args.secrets)?);
    let opened = open_store(&app, args.organization.as_str(), args.name.as_str(), currency).await?;
    let Opened { tenant, publishable_key, secret_key } = opened;
    let told = output::whole(&format!(
        "organization     {}\nstore            {}\npublishable key  {publishable_key}\nsecret key       {secret_key}\n\
         The keys are not stored and cannot be shown again.\n",
        tenant.organization, tenant.store
    ));
    told.map_err(|error| format!("{error}; the store {} is open, and its keys are lost", tenant.store))
}

async fn list(args: ListArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let stores = organizations::all(&app).await.map_err(|error| error.to_string())?;
    for store in stores {
        output::line(format_args!("{}  {}  {}  {}", store.organization, store.store, store.currency, store.name));
    }
    Ok(())
}

/// Opens a store, for `hp dev` too.
pub async fn open_store(app: &Arc<App>, organization: &str, name: &str, currency: Currency) -> Result<Opened, String> {
    organizations::open_store(app, organization, name, currency).await.map_err(|error| error.to_string())
}

/// The store that a command works on: the one that is named, or the only one.
///
/// # Errors
/// In words, for the terminal.
pub async fn choose(app: &Arc<App>, wanted: Option<&str>) -> Result<StoreSummary, String> {
    let stores = organizations::all(app).await.map_err(|error| error.to_string())?;
    match (wanted, stores.as_slice()) {
        (Some(id), _) => stores
            .into_iter()
            .find(|store| store.store.to_string() == id)
            .ok_or_else(|| format!("there is no store {id}; `hp store list` shows them")),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err("the database has no store; `hp store create` opens one".to_owned()),
        (None, _) => {
            Err("the database has several stores; choose one with --store (`hp store list` shows them)".to_owned())
        }
    }
}
