//! The command line `hp`: thin. It opens ports, calls use cases and prints.

mod audit;
mod database;
mod dev;
mod import;
mod migrate;
mod openapi;
mod store;

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
    /// Look after the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Start everything a developer needs, with nothing installed.
    Dev(dev::DevArgs),
    /// Import a product CSV in Shopify's form.
    Import(import::ImportArgs),
    /// Bring a database's schema up to date. Running it again does nothing.
    Migrate(migrate::MigrateArgs),
    /// Print the API's description, in OpenAPI 3.1.
    Openapi,
    /// Open stores and make their API keys.
    #[command(subcommand)]
    Store(store::StoreCommand),
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
            Command::Audit(command) => audit::run(command).await,
            Command::Dev(args) => dev::run(args).await,
            Command::Import(args) => import::run(args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Openapi => openapi::run(),
            Command::Store(command) => store::run(command).await,
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("hp: {message}");
    ExitCode::FAILURE
}
