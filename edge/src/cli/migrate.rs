//! `hp migrate`: brings a database's schema up to date.

use clap::Args;

use super::database::{self, DatabaseArgs};
use super::output;
use crate::migrate::{ALL, apply};

#[derive(Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Applies what is missing, and says so file by file.
pub async fn run(args: MigrateArgs) -> Result<(), String> {
    let sql = database::open_or_make(&args.database)?;
    let tell = |name: &str| output::line(format_args!("applied {name}"));
    let report = apply(&*sql, ALL, tell).await.map_err(|error| error.to_string())?;
    output::line(match (report.applied.len(), report.newer.as_slice()) {
        (0, []) => format!("up to date: {} migrations", report.present),
        (0, newer) => {
            format!("nothing to do: the database is newer than this hp, which does not know {}", newer.join(", "))
        }
        (applied, _) => format!("{applied} applied, {} were there before", report.present),
    });
    Ok(())
}
