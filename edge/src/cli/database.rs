//! Which database a command works on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use headlesspro_shared::kernel::id::OrganizationId;

use crate::app::{App, Secrets};
use crate::host::native::clock::SystemClock;
use crate::host::native::fetch::NativeFetch;
use crate::host::native::libsql::{Durability, EmbeddedSql};
use crate::port::entropy::HostEntropy;
use crate::port::kv::memory::MemoryKv;
use crate::port::sql::Sql;
use crate::port::sql::hrana::HranaSql;
use crate::port::sql::turns::TakingTurns;
use crate::{organizations, scripts};

/// Where `hp dev` keeps its data unless told otherwise.
pub const DATA_DIR: &str = ".hp";

/// Names the database where no argument does.
const DATABASE_VARIABLE: &str = "HP_DATABASE_URL";

#[derive(Args, Clone)]
pub struct DatabaseArgs {
    /// The data folder of `hp dev`; .hp unless told otherwise.
    #[arg(long, value_name = "DIR", conflicts_with = "database")]
    data: Option<PathBuf>,
    /// A database file, or the URL of a libSQL server: libsql://, https:// or http://. Where neither this nor --data
    /// is given, HP_DATABASE_URL is it.
    // Read by hand: to clap the variable would conflict with --data, which is to win over it.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The server's token.
    #[arg(long, value_name = "TOKEN", env = "HP_DATABASE_TOKEN", hide_env_values = true, allow_hyphen_values = true)]
    token: Option<String>,
}

/// Where a database is.
pub enum Place {
    /// In a data folder of `hp dev`.
    Folder(PathBuf),
    File(PathBuf),
    /// Behind the URL of a libSQL server.
    Server(String),
}

impl DatabaseArgs {
    /// By the arguments, else by the environment, else the data folder that `hp dev` uses unless told otherwise.
    pub fn place(&self) -> Place {
        if let Some(folder) = &self.data {
            return Place::Folder(folder.clone());
        }
        let from_environment = || std::env::var(DATABASE_VARIABLE).ok().filter(|url| !url.is_empty());
        match self.database.clone().or_else(from_environment) {
            None => Place::Folder(PathBuf::from(DATA_DIR)),
            Some(url) if is_remote(&url) => Place::Server(url),
            Some(file) => Place::File(PathBuf::from(file.strip_prefix("file:").unwrap_or(&file))),
        }
    }
}

/// The database file in a data folder.
pub fn file_in(data: &Path) -> PathBuf {
    data.join("headlesspro.db")
}

/// Opens the database that the arguments name, which must be there.
///
/// # Errors
/// In words, for the terminal.
pub fn open(args: &DatabaseArgs) -> Result<Arc<dyn Sql>, String> {
    match args.place() {
        Place::File(file) if !file.exists() => {
            let file = file.display();
            Err(format!("there is no database {file}; `hp migrate --database {file}` makes one"))
        }
        place => open_at(place, args.token.as_deref()),
    }
}

/// As [`open`], and makes the file where there is none.
///
/// # Errors
/// In words, for the terminal.
pub fn open_or_make(args: &DatabaseArgs) -> Result<Arc<dyn Sql>, String> {
    open_at(args.place(), args.token.as_deref())
}

fn open_at(place: Place, token: Option<&str>) -> Result<Arc<dyn Sql>, String> {
    match place {
        Place::Server(url) => {
            let fetch = NativeFetch::new().map_err(|error| error.to_string())?;
            let sql = HranaSql::new(&url, token, Arc::new(fetch)).map_err(|error| error.to_string())?;
            // A migration or a large import may take longer than a request may.
            let sql = Arc::new(sql.with_timeout(Duration::from_secs(120)));
            // The shop may be open meanwhile: its commits are not waited for inside the server.
            Ok(Arc::new(TakingTurns::new(sql, Arc::new(SystemClock))))
        }
        Place::File(file) => open_file(&file),
        Place::Folder(folder) => {
            let file = file_in(&folder);
            if !file.exists() {
                return Err(format!(
                    "there is no database in {}; start `hp dev --data {}` once, or name one with --database",
                    folder.display(),
                    folder.display()
                ));
            }
            open_file(&file)
        }
    }
}

fn open_file(file: &Path) -> Result<Arc<dyn Sql>, String> {
    let sql = EmbeddedSql::open(file, Durability::Power)
        .map_err(|error| format!("cannot open {}: {error}", file.display()))?;
    Ok(Arc::new(sql))
}

fn is_remote(url: &str) -> bool {
    ["libsql://", "https://", "http://"].iter().any(|scheme| url.starts_with(scheme))
}

/// An application over `sql` for commands, which use neither carts nor the network.
pub fn app(sql: Arc<dyn Sql>, secrets: Secrets) -> Arc<App> {
    let clock = Arc::new(SystemClock);
    let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
    Arc::new(App::new(sql, kv, clock, Arc::new(HostEntropy), secrets))
}

/// The organization that a command was given, or else all of them.
///
/// # Errors
/// In words, for the terminal.
pub async fn organizations(app: &App, given: Option<OrganizationId>) -> Result<Vec<OrganizationId>, String> {
    if let Some(organization) = given {
        return Ok(vec![organization]);
    }
    let stores = organizations::all(app).await.map_err(|error| error.to_string())?;
    let mut all: Vec<OrganizationId> = stores.into_iter().map(|store| store.organization).collect();
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
