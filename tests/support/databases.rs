//! Empty databases with the shop's schema.

use std::path::PathBuf;
use std::sync::Arc;

use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::port::sql::hrana::HranaSql;

use crate::sqld::Sqld;

/// A database file in a folder that is removed with it.
pub struct EmbeddedDatabase {
    pub sql: EmbeddedSql,
    pub folder: tempfile::TempDir,
}

impl EmbeddedDatabase {
    /// An embedded database, migrated.
    pub async fn migrated() -> EmbeddedDatabase {
        let folder = tempfile::tempdir().unwrap();
        let sql = EmbeddedSql::open(file_in(&folder), Durability::Process).unwrap();
        migrate(&sql).await.unwrap();
        EmbeddedDatabase { sql, folder }
    }

    pub fn path(&self) -> PathBuf {
        file_in(&self.folder)
    }
}

fn file_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("headlesspro.db")
}

/// A real libSQL server with a database, killed with it.
pub struct SqldDatabase {
    pub sql: HranaSql,
    pub server: Sqld,
}

impl SqldDatabase {
    /// The real server, migrated.
    pub async fn migrated() -> SqldDatabase {
        let server = Sqld::start();
        let sql = HranaSql::new(&server.url(), None, Arc::new(NativeFetch::new().unwrap())).unwrap();
        migrate(&sql).await.unwrap();
        SqldDatabase { sql, server }
    }
}
