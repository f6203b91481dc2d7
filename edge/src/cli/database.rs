//! Which database a command works on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::app::{App, Secrets};
use crate::host::native::clock::SystemClock;
use crate::host::native::fetch::NativeFetch;
use crate::host::native::libsql::{Durability, EmbeddedSql};
use crate::port::entropy::HostEntropy;
use crate::port::kv::memory::MemoryKv;
use crate::port::sql::Sql;
use crate::port::sql::hrana::HranaSql;
use crate::scripts;

/// Where `hp dev` keeps its data unless told otherwise.
pub const DATA_DIR: &str = ".hp";

#[derive(Args, Debug, Clone)]
pub struct DatabaseArgs {
    /// The data folder of `hp dev`.
    #[arg(long, value_name = "DIR", default_value = DATA_DIR, conflicts_with = "database")]
    pub data: PathBuf,
    /// A database file, or the URL of a libSQL server: libsql://, https:// or http://.
    #[arg(long, value_name = "URL", env = "HP_DATABASE_URL")]
    pub database: Option<String>,
    /// The server's token.
    #[arg(long, value_name = "TOKEN", env = "HP_DATABASE_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

/// The database file in a data folder.
pub fn file_in(data: &Path) -> PathBuf {
    data.join("headlesspro.db")
}

/// Opens the database that the arguments name.
///
/// # Errors
/// In words, for the terminal.
pub fn open(args: &DatabaseArgs) -> Result<Arc<dyn Sql>, String> {
    match args.database.as_deref() {
        Some(url) if is_remote(url) => {
            let fetch = NativeFetch::new().map_err(|error| error.to_string())?;
            let sql = HranaSql::new(url, args.token.as_deref(), Arc::new(fetch)).map_err(|error| error.to_string())?;
            // A migration or a large import may take longer than a request may.
            Ok(Arc::new(sql.with_timeout(Duration::from_secs(120))))
        }
        Some(file) => open_file(Path::new(file.strip_prefix("file:").unwrap_or(file))),
        None => {
            let file = file_in(&args.data);
            if !file.exists() {
                return Err(format!(
                    "there is no database in {}; start `hp dev --data {}` once, or name one with --database",
                    args.data.display(),
                    args.data.display()
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
