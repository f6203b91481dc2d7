//! `hp import products.csv`.

use std::fs::File;
use std::io::{BufReader, IsTerminal, Read};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use headlesspro_shared::catalog::import::{ImportReader, check_encoding};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::database::{self, DatabaseArgs};
use super::store::choose;
use super::{output, secrets};
use crate::app::{App, Ctx, Spent, Tenant};
use crate::identity::Caller;
use crate::imports::{self, How, ImportReportBody, Report};
use crate::organizations::StoreSummary;
use crate::problem::Problem;

#[derive(Args)]
pub struct ImportArgs {
    /// The file: Shopify's product CSV, of either header generation.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// The store's id, where the database has several.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// Check everything, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON, as `POST /api/v1/imports` answers it.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: ImportArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let store = choose(&app, args.store.as_deref()).await?;
    let open = || File::open(&args.file).map_err(|error| format!("cannot open {}: {error}", args.file.display()));
    // A file in the wrong encoding is refused before its first product is written.
    check_encoding(BufReader::with_capacity(1 << 16, open()?)).map_err(|error| error.to_string())?;
    let file = open()?;
    let size = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    let bar = progress_bar(size, args.json);
    let read = bar.wrap_read(BufReader::with_capacity(1 << 16, file));
    let report = import(&app, &store, read, args.dry_run, |report| {
        bar.set_message(format!("{} products", HumanCount(report.products.total())));
    })
    .await?;
    bar.finish_and_clear();
    let failed = 0 < report.error_count;
    if args.json {
        let body = ImportReportBody::new(report, args.dry_run, None);
        output::line(serde_json::to_string_pretty(&body).map_err(|error| error.to_string())?);
    } else {
        print(&report, args.dry_run);
    }
    if failed {
        Err("some products were left out; mend their rows and import the file again".to_owned())
    } else {
        Ok(())
    }
}

/// Imports a file into a store as the operator, for `hp dev` too.
pub async fn import<R: Read>(
    app: &Arc<App>,
    store: &StoreSummary,
    read: R,
    dry_run: bool,
    progress: impl FnMut(&Report),
) -> Result<Report, String> {
    let reader = ImportReader::new(read, store.currency).map_err(|error| error.to_string())?;
    let tenant = Tenant { organization: store.organization, store: store.store };
    let caller = Caller::operator(tenant, store.currency);
    let ctx = Ctx::new(Arc::clone(app), Arc::new(caller), Arc::new(Spent::default()), app.clock.now(), "cli".into());
    let report = imports::import(&ctx, reader, How { dry_run, ..How::default() }, progress).await;
    report.map_err(|failure| Problem::from(failure).to_string())
}

fn progress_bar(bytes: u64, json: bool) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if json || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {bytes}/{total_bytes}  {msg}  {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Writes the report to the terminal.
fn print(report: &Report, dry_run: bool) {
    let counts = report.products;
    let done = if dry_run { "Nothing written (dry run). Would be:" } else { "Imported:" };
    let mut text = format!(
        "{done} {} created, {} updated, {} unchanged, {} left out; {} variants written, {} removed.\n",
        counts.created,
        counts.updated,
        counts.unchanged,
        counts.failed,
        report.variants_written,
        report.variants_removed
    );
    for warning in &report.warnings {
        let column = warning.column.as_ref().map(|column| format!(", {column}")).unwrap_or_default();
        text.push_str(&format!("  note: line {}{column}: {}\n", warning.line, warning.reason));
    }
    let unlisted = |count: u64, listed: usize| count.saturating_sub(u64::try_from(listed).unwrap_or(u64::MAX));
    match unlisted(report.warning_count, report.warnings.len()) {
        0 => {}
        more => text.push_str(&format!("  ... and {more} more notes\n")),
    }
    for error in &report.errors {
        text.push_str(&format!("  error: {error}\n"));
    }
    match unlisted(report.error_count, report.errors.len()) {
        0 => {}
        more => text.push_str(&format!("  ... and {more} more errors\n")),
    }
    output::line(text.trim_end());
}
