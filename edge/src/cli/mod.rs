//! The command line `hp`: thin. It opens ports, calls use cases and prints.

mod account;
mod audit;
mod bulk;
mod database;
mod dev;
mod export;
mod import;
mod key;
mod keys;
mod ledger;
mod migrate;
mod openapi;
mod organization;
mod output;
mod platforms;
mod reconcile;
mod secrets;
mod store;
mod token;
mod totals;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A commerce backend that runs at the edge.
#[derive(Parser)]
#[command(name = "hp", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make accounts.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Look after the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Put products in and get them out as JSON Lines.
    #[command(subcommand)]
    Bulk(bulk::BulkCommand),
    /// Start everything a developer needs, with nothing installed.
    Dev(dev::DevArgs),
    /// Export all products as a product CSV in Shopify's form.
    Export(export::ExportArgs),
    /// Import a product CSV in Shopify's form.
    Import(import::ImportArgs),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Make and change the installation's own keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Look after the ledger of gift cards, store credit and what orders were paid with.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Bring a database's schema up to date. Running it again does nothing.
    Migrate(migrate::MigrateArgs),
    /// Print the API's description, in OpenAPI 3.1.
    Openapi,
    /// List, suspend and close organizations, and say what their plans allow.
    #[command(subcommand)]
    Organization(organization::OrganizationCommand),
    /// List what a store can be a connection to, with what each platform offers and asks for.
    Platforms,
    /// Hold a payment provider's balance report against the ledger, and name every cent that differs. Ends with 1 if one does.
    Reconcile(reconcile::ReconcileArgs),
    /// Open stores and make their API keys.
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Make tokens for schedulers and workers of our own.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// What a cart costs, as a module for browsers, Node and Workers.
    #[command(subcommand)]
    Totals(totals::TotalsCommand),
}

/// Runs the command the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    crate::host::log::install();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Account(command) => account::run(command).await,
            Command::Audit(command) => audit::run(command).await,
            Command::Bulk(command) => bulk::run(command).await,
            Command::Dev(args) => dev::run(args).await,
            Command::Export(args) => export::run(args).await,
            Command::Import(args) => import::run(args).await,
            Command::Key(command) => key::run(command).await,
            Command::Keys(command) => keys::run(command).await,
            Command::Ledger(command) => ledger::run(command).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Openapi => openapi::run(),
            Command::Organization(command) => organization::run(command).await,
            Command::Platforms => platforms::run(),
            Command::Reconcile(args) => reconcile::run(args).await,
            Command::Store(command) => store::run(command).await,
            Command::Token(command) => token::run(command).await,
            Command::Totals(command) => totals::run(command),
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    output::note(format_args!("hp: {message}"));
    ExitCode::FAILURE
}

/// Puts a whole file, for its owner only, in the place of the one that is there.
fn write_privately(file: &Path, text: &str) -> Result<(), String> {
    use std::io::Write;
    let mut new = file.as_os_str().to_owned();
    new.push(format!(".{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| file.write_all(text.as_bytes()));
    written
        .and_then(|()| std::fs::rename(&new, file))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}
