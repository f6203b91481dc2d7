//! `hp ledger verify`: whether all money adds up.

use clap::{Args, Subcommand};
use headlesspro_shared::kernel::id::OrganizationId;

use super::database::{self, DatabaseArgs};
use super::output;
use crate::ledger;

#[derive(Subcommand)]
pub enum LedgerCommand {
    /// Read every entry, and name each account and each transaction that does not add up. Ends with 1 if there is one.
    Verify(VerifyArgs),
}

#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Only this organization's ledger.
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
}

pub async fn run(command: LedgerCommand) -> Result<(), String> {
    match command {
        LedgerCommand::Verify(args) => verify(args).await,
    }
}

async fn verify(args: VerifyArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, super::secrets::none()?);
    let mut faults = 0_u64;
    for organization in database::organizations(&app, args.organization).await? {
        let report = ledger::verify(&**app.databases.of(organization), organization).await;
        let report = report.map_err(|error| error.to_string())?;
        let verdict = if report.is_unbroken() { "adds up" } else { "DOES NOT ADD UP" };
        output::line(format_args!("{organization}: {} entries, {verdict}", report.rows));
        output::faults(&report);
        faults = faults.saturating_add(report.count());
    }
    match faults {
        0 => Ok(()),
        1 => Err("the ledger does not add up, in one place".to_owned()),
        more => Err(format!("the ledger does not add up, in {more} places")),
    }
}
