//! `hp bulk`: products as JSON Lines, in and out.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use headlesspro_shared::kernel::id::BulkJobId;
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use super::database::{self, DatabaseArgs};
use super::export::{self, ToFile, operator, progress_bar};
use super::store::choose;
use super::{output, secrets};
use crate::app::App;
use crate::organizations::StoreSummary;
use crate::problem::Problem;
use crate::products::{self, BulkMode, Form, NewBulkJob};

/// Of lines that are sent as one part: the same file is always cut at the same lines.
const PART_BYTES: usize = 4 << 20;
/// The first so many lines that were left out are told.
const TOLD: usize = 1_000;

#[derive(Subcommand)]
pub enum BulkCommand {
    /// Make and change products from JSON Lines. What was broken off goes on.
    Upsert(UpsertArgs),
    /// List the newest bulk upserts, and how far they have come.
    List(ListArgs),
    /// Export all products as JSON Lines. What was broken off goes on.
    Export(ToFile),
}

#[derive(Args)]
pub struct UpsertArgs {
    /// The file: a product a line, as `POST /api/v1/products` takes it, known by its id or handle.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// The store's id, where the database has several.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// What becomes of members that a line leaves out: `merge` keeps them, `replace` gives them their defaults.
    #[arg(long, default_value = "merge", value_parser = str::parse::<BulkMode>)]
    mode: BulkMode,
    /// Check everything, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The job to go on with. Unless given, the one of this file that was broken off, else a new one.
    #[arg(long, value_name = "ID")]
    job: Option<String>,
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The store's id, where the database has several.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// Only those of one state.
    #[arg(long, value_parser = ["open", "finished", "cancelled"])]
    state: Option<String>,
    /// So many at most.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=250))]
    limit: i64,
}

pub async fn run(command: BulkCommand) -> Result<(), String> {
    match command {
        BulkCommand::List(args) => list(args).await,
        BulkCommand::Upsert(args) => upsert(args).await,
        BulkCommand::Export(to) => export::to_file(&to, Form::Lines).await,
    }
}

async fn list(args: ListArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let store = choose(&app, args.store.as_deref()).await?;
    let asked = products::bulk_jobs(&operator(&app, &store), args.state.as_deref(), None, args.limit).await;
    for job in problem(asked)?.0 {
        let counts = job.counts;
        output::line(format_args!(
            "{}  {}  {:<9}  {:<7}  {:<7}  parts {}/{}  created {}  updated {}  unchanged {}  left out {}  {}",
            job.id,
            job.created_at,
            job.state,
            job.mode.name(),
            if job.dry_run { "dry run" } else { "" },
            job.parts_done,
            job.parts,
            counts.created,
            counts.updated,
            counts.unchanged,
            counts.failed,
            job.name
        ));
    }
    Ok(())
}

async fn upsert(args: UpsertArgs) -> Result<(), String> {
    let app = database::app(database::open(&args.database)?, secrets::none()?);
    let store = choose(&app, args.store.as_deref()).await?;
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", args.file.display());
    let open = || File::open(&args.file).map(|file| BufReader::with_capacity(1 << 16, file)).map_err(failed);
    let name = format!("{} sha256:{}", args.mode.name(), sha256_of(open()?).map_err(failed)?);
    let job = job_of(&app, &store, &args, &name).await?;
    output::note(format_args!("job {job}"));
    let mut file = open()?;
    let bytes = args.file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    let bar = progress_bar(bytes, "{bar:30} {percent:>3}%  {bytes}/{total_bytes}  {msg}  {eta} left");
    let next = problem(products::bulk_job(&operator(&app, &store), job).await)?.next_part;
    // Where each part begins in the file, counted from 1.
    let mut firsts: Vec<i64> = vec![1];
    let (mut part, mut number) = (Vec::new(), 0);
    while read_part(&mut file, &mut part).map_err(failed)? {
        number += 1;
        if next <= number {
            send(&app, &store, job, number, &part, &bar).await?;
        }
        bar.inc(u64::try_from(part.len()).unwrap_or_default());
        let lines = part.iter().filter(|byte| **byte == b'\n').count();
        firsts.push(firsts.last().copied().unwrap_or(1).saturating_add(i64::try_from(lines).unwrap_or_default()));
    }
    let ended = problem(products::finish_bulk_job(&operator(&app, &store), job, false).await)?;
    bar.finish_and_clear();
    let counts = ended.counts;
    let done = if args.dry_run { "Nothing written (dry run). Would be:" } else { "Upserted:" };
    output::line(format_args!(
        "{done} {} created, {} updated, {} unchanged, {} left out; {} lines.",
        counts.created, counts.updated, counts.unchanged, counts.failed, counts.lines
    ));
    if counts.failed == 0 {
        return Ok(());
    }
    tell_errors(&app, &store, job, &firsts).await?;
    let told = if args.dry_run { "would be left out" } else { "were left out; mend them and run the same again" };
    Err(format!("some lines {told}"))
}

/// The job that is named, or was broken off, or a new one.
async fn job_of(app: &Arc<App>, store: &StoreSummary, args: &UpsertArgs, name: &str) -> Result<BulkJobId, String> {
    let ctx = operator(app, store);
    if let Some(given) = &args.job {
        let job: BulkJobId = given.parse().map_err(|_| format!("{given} is no id of a job"))?;
        let there = problem(products::bulk_job(&ctx, job).await)?;
        if there.dry_run != args.dry_run {
            return Err(format!("{job} is {} dry run", if there.dry_run { "a" } else { "no" }));
        }
        let is_of_file = there.name == name;
        return if is_of_file { Ok(job) } else { Err(format!("{job} is the job of another file, or of another mode")) };
    }
    match problem(products::open_bulk_job(&ctx, name, args.dry_run).await)? {
        Some(job) => Ok(job),
        None => {
            let made = NewBulkJob { name, mode: args.mode, dry_run: args.dry_run };
            Ok(problem(products::create_bulk_job(&ctx, &made, None).await)?.0.id)
        }
    }
}

async fn send(
    app: &Arc<App>,
    store: &StoreSummary,
    job: BulkJobId,
    number: i64,
    part: &[u8],
    bar: &ProgressBar,
) -> Result<(), String> {
    loop {
        let done = problem(products::put_bulk_part(&operator(app, store), job, number, part).await)?;
        bar.set_message(format!("part {number}, {} lines", done.counts.lines));
        if done.is_done() {
            return Ok(());
        }
    }
}

async fn tell_errors(app: &Arc<App>, store: &StoreSummary, job: BulkJobId, firsts: &[i64]) -> Result<(), String> {
    let (mut after, mut told) = ((0, 0), 0_usize);
    loop {
        let (errors, is_more) = problem(products::bulk_errors(&operator(app, store), job, after, 250).await)?;
        for error in &errors {
            let first = usize::try_from(error.part).ok().and_then(|part| firsts.get(part.saturating_sub(1)));
            let line = first.copied().unwrap_or(1).saturating_add(error.line).saturating_sub(1);
            output::note(format_args!("  error: line {line}: {}", error.errors));
            after = (error.part, error.line);
        }
        told = told.saturating_add(errors.len());
        if !is_more || TOLD <= told {
            if is_more {
                output::note("  ... and more");
            }
            return Ok(());
        }
    }
}

fn problem<T, E>(result: Result<T, E>) -> Result<T, String>
where
    Problem: From<E>,
{
    result.map_err(|error| Problem::from(error).to_string())
}

fn sha256_of(mut file: impl Read) -> std::io::Result<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Reads whole lines, until they have [`PART_BYTES`]. Whether there were any.
fn read_part(file: &mut impl BufRead, part: &mut Vec<u8>) -> std::io::Result<bool> {
    part.clear();
    while part.len() < PART_BYTES {
        // A line without an end is a part for itself, and too long as such.
        let left = u64::try_from(products::BULK_PART_LIMIT.saturating_sub(part.len())).unwrap_or_default();
        if file.by_ref().take(left).read_until(b'\n', part)? == 0 {
            break;
        }
    }
    Ok(!part.is_empty())
}
