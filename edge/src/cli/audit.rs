//! `hp audit verify`: whether somebody wrote to the audit log besides us.

use clap::{Args, Subcommand};
use headlesspro_shared::journal::Head;
use headlesspro_shared::kernel::id::OrganizationId;

use super::database::{self, DatabaseArgs};
use super::output;
use crate::journal::{self, Verified, digest_from_hex, digest_to_hex};

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Read the whole log and name every row that was changed, removed or inserted. Ends with 1 if there is one.
    Verify(VerifyArgs),
}

#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Only this organization's log.
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// A head that this command printed earlier, or an entry's number and hash: shows as well whether the log up
    /// to there was written anew as a whole.
    #[arg(long, value_name = "NUMBER:HASH", requires = "organization", value_parser = head)]
    head: Option<Head>,
}

pub async fn run(command: AuditCommand) -> Result<(), String> {
    match command {
        AuditCommand::Verify(args) => verify(args).await,
    }
}

async fn verify(args: VerifyArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, super::secrets::none()?);
    let mut faults = 0_u64;
    for organization in database::organizations(&app, args.organization).await? {
        let sql = &**app.databases.of(organization);
        let verified = journal::verify(sql, organization, args.head).await.map_err(|error| error.to_string())?;
        print(organization, &verified);
        faults = faults.saturating_add(verified.report.count());
    }
    match faults {
        0 => Ok(()),
        1 => Err("the audit log was tampered with, in one place".to_owned()),
        more => Err(format!("the audit log was tampered with, in {more} places")),
    }
}

fn print(organization: OrganizationId, verified: &Verified) {
    let report = &verified.report;
    let verdict = if report.is_unbroken() { "unbroken" } else { "BROKEN" };
    let head = verified.head.map(|head| format!("; head {}:{}", head.number, digest_to_hex(&head.hash)));
    output::line(format_args!("{organization}: {} rows, {verdict}{}", report.rows, head.unwrap_or_default()));
    output::faults(report);
}

fn head(text: &str) -> Result<Head, &'static str> {
    const FORM: &str = "expected a number, a colon and 64 digits from 0 to f";
    let (number, hash) = text.split_once(':').ok_or(FORM)?;
    let number = number.parse().ok().filter(|number| 0 < *number).ok_or(FORM)?;
    Ok(Head { number, hash: digest_from_hex(hash).ok_or(FORM)? })
}
