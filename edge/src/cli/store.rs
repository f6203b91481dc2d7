//! `hp store create`: an organization with a store and its two keys.

use std::sync::Arc;

use clap::{Args, Subcommand};
use headlesspro_shared::kernel::money::Currency;

use super::database::{self, DatabaseArgs};
use crate::app::App;
use crate::organizations::{self, Opened};

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
    /// The organization that owns the store.
    #[arg(long, default_value = "My organization")]
    organization: String,
    /// The store's name.
    #[arg(long, default_value = "My store")]
    name: String,
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
    let app = database::app(database::open(&args.database)?);
    let opened = open_store(&app, &args.organization, &args.name, currency).await?;
    println!("organization     {}", opened.tenant.organization);
    println!("store            {}", opened.tenant.store);
    println!("publishable key  {}", opened.publishable_key);
    println!("secret key       {}", opened.secret_key);
    println!("The keys are not stored and cannot be shown again.");
    Ok(())
}

async fn list(args: ListArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?);
    let stores = organizations::all(&app).await.map_err(|error| error.to_string())?;
    for store in stores {
        println!("{}  {}  {}  {}", store.organization, store.store, store.currency, store.name);
    }
    Ok(())
}

/// Opens a store, for `hp dev` too.
pub async fn open_store(app: &Arc<App>, organization: &str, name: &str, currency: Currency) -> Result<Opened, String> {
    organizations::open_store(app, organization, name, currency).await.map_err(|error| error.to_string())
}
