//! `hp export products.csv`, and the same as JSON Lines.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use headlesspro_shared::catalog::export::Generation;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::database::{self, DatabaseArgs};
use super::store::choose;
use super::{output, secrets, write_privately};
use crate::app::{App, Ctx, Spent, Tenant};
use crate::identity::Caller;
use crate::organizations::StoreSummary;
use crate::problem::Problem;
use crate::products::{self, Form, Place};

/// Products a slice.
const SIZE: i64 = 1_000;

#[derive(Args)]
pub struct ExportArgs {
    #[command(flatten)]
    to: ToFile,
    /// Which names the columns have: `newer` or `older`.
    #[arg(long, default_value = "newer", value_parser = str::parse::<Generation>)]
    header: Generation,
}

/// Where products go to.
#[derive(Args)]
pub struct ToFile {
    /// The file. Where an export to it was broken off, this one goes on.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// The store's id, where the database has several.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
}

pub async fn run(args: ExportArgs) -> Result<(), String> {
    to_file(&args.to, Form::Csv(args.header)).await
}

/// The operator's view of a store, at this moment.
pub fn operator(app: &Arc<App>, store: &StoreSummary) -> Ctx {
    let tenant = Tenant { organization: store.organization, store: store.store };
    let caller = Caller::operator(tenant, store.currency);
    Ctx::new(Arc::clone(app), Arc::new(caller), Arc::new(Spent::default()), app.clock.now(), "cli".into())
}

/// Shown on a terminal only.
pub fn progress_bar(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Writes a store's products, slice by slice.
pub async fn to_file(to: &ToFile, form: Form) -> Result<(), String> {
    let app = database::app(database::open(&to.database)?, secrets::none()?);
    let store = choose(&app, to.store.as_deref()).await?;
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", to.file.display());
    let marked = Mark::read(&to.file, &form_name(form, &store));
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&to.file).map_err(failed)?;
    let mut mark = marked.unwrap_or_else(|| Mark { form: form_name(form, &store), ..Mark::default() });
    // What was written after the mark may be half a slice.
    file.set_len(mark.bytes).and_then(|()| file.seek(SeekFrom::Start(mark.bytes))).map_err(failed)?;
    let bar = progress_bar(0, "{bar:30} {percent:>3}%  {pos} of {len} products  {eta} left");
    loop {
        let ctx = operator(&app, &store);
        let slice = products::slice(&ctx, form, &mark.place, SIZE).await;
        let slice = slice.map_err(|failure| Problem::from(failure).to_string())?;
        mark.add(&mut file, &slice.text).map_err(failed)?;
        mark.see(slice.version);
        mark.place = slice.end;
        match mark.place.total {
            Some(total) => bar.set_length(u64::try_from(total).unwrap_or_default()),
            None => bar.unset_length(),
        }
        bar.set_position(u64::try_from(mark.place.done).unwrap_or_default());
        if !slice.is_more {
            break;
        }
        mark.write(&to.file)?;
    }
    bar.finish_and_clear();
    file.sync_all().map_err(failed)?;
    Mark::remove(&to.file);
    output::line(format_args!("Exported: {} products, {} bytes.", mark.place.done, mark.bytes));
    if mark.is_torn {
        output::note("  note: the catalog was written meanwhile; each product is as it was when its slice was read");
    }
    Ok(())
}

fn form_name(form: Form, store: &StoreSummary) -> String {
    format!("{form:?} of {}", store.store)
}

/// How far a file is written: stands beside it until it is whole.
#[derive(Default)]
struct Mark {
    form: String,
    bytes: u64,
    place: Place,
    /// Of the catalog; 0 before the first slice.
    version: i64,
    /// Whether slices are of several versions.
    is_torn: bool,
}

impl Mark {
    fn path(file: &Path) -> PathBuf {
        let mut path = file.as_os_str().to_owned();
        path.push(".cursor");
        PathBuf::from(path)
    }

    /// That of an export of this form which was broken off. The file is there, and as long as it says.
    fn read(file: &Path, form: &str) -> Option<Mark> {
        let text = std::fs::read_to_string(Mark::path(file)).ok()?;
        let mut lines = text.lines();
        let (written, bytes, version) = (lines.next()?, lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
        let (is_torn, place) = (lines.next()? == "true", lines.next()?.parse().ok()?);
        let is_there = file.metadata().is_ok_and(|metadata| bytes <= metadata.len());
        let mark = Mark { form: written.to_owned(), bytes, place, version, is_torn };
        Some(mark).filter(|mark| is_there && mark.form == form)
    }

    fn add(&mut self, file: &mut File, text: &str) -> std::io::Result<()> {
        self.bytes = self.bytes.saturating_add(u64::try_from(text.len()).unwrap_or_default());
        file.write_all(text.as_bytes())
    }

    fn see(&mut self, version: i64) {
        self.is_torn |= self.version != 0 && self.version != version;
        self.version = version;
    }

    fn write(&self, file: &Path) -> Result<(), String> {
        let Mark { form, bytes, place, version, is_torn } = self;
        let text = format!("{form}\n{bytes}\n{version}\n{is_torn}\n{}\n", place.cursor());
        write_privately(&Mark::path(file), &text)
    }

    fn remove(file: &Path) {
        let _may_not_be_there = std::fs::remove_file(Mark::path(file));
    }
}
