//! `hp migrate`: brings a database's schema up to date.

use clap::Args;

use super::database::{self, DatabaseArgs};
use crate::migrate::{ALL, apply};

#[derive(Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Applies what is missing, and says so file by file.
pub async fn run(args: MigrateArgs) -> Result<(), String> {
    let sql = database::open(&args.database)?;
    let report = apply(&*sql, ALL, |name| println!("applied {name}")).await.map_err(|error| error.to_string())?;
    match (report.applied.len(), report.newer.as_slice()) {
        (0, []) => println!("up to date: {} migrations", report.present),
        (0, newer) => {
            println!("nothing to do: the database is newer than this hp, which does not know {}", newer.join(", "))
        }
        (applied, _) => println!("{applied} applied, {} were there before", report.present),
    }
    Ok(())
}
