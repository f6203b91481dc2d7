//! `hp keys`: the installation's own keys.

use clap::{Args, Subcommand};

use super::database::{self, DatabaseArgs};
use super::output;
use super::secrets::{self, SecretsArgs};
use crate::identity;
use crate::port::entropy::HostEntropy;
use crate::vault;

#[derive(Subcommand)]
pub enum KeysCommand {
    /// Print new secrets for a deployment: MASTER_KEYS and LOOKUP_KEY.
    New,
    /// Publish a new key, which signs access tokens two minutes later. Tokens of the key before stay good until they
    /// expire.
    Rotate(KeysArgs),
    /// Wrap every key anew with the current master key, the first of MASTER_KEYS. Data is not rewritten.
    Rewrap(KeysArgs),
}

#[derive(Args)]
pub struct KeysArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    secrets: SecretsArgs,
}

pub async fn run(command: KeysCommand) -> Result<(), String> {
    match command {
        KeysCommand::New => {
            let (master_keys, lookup_key) = vault::new_secrets(&HostEntropy).map_err(|error| error.to_string())?;
            output::whole(&format!("MASTER_KEYS={master_keys}\nLOOKUP_KEY={lookup_key}\n"))?;
        }
        KeysCommand::Rotate(args) => {
            let app = database::app(database::open(&args.database)?, secrets::of(&args.database, &args.secrets)?);
            let (kid, moment) = identity::rotate_token_keys(&app).await.map_err(|error| error.to_string())?;
            output::line(format_args!("the key {kid} is published, and signs access tokens from {moment} on"));
        }
        KeysCommand::Rewrap(args) => {
            let app = database::app(database::open(&args.database)?, secrets::of(&args.database, &args.secrets)?);
            let done = identity::rewrap(&app).await.map_err(|error| error.to_string())?;
            output::line(format_args!(
                "wrapped anew: {} data keys, {} token keys; {} were wrapped by the current master key already",
                done.data_keys, done.token_keys, done.current
            ));
        }
    }
    Ok(())
}
