//! The tables, as the migrations make them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use sqlite3_parser::ast::{Cmd, CreateTableBody, Stmt};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

use crate::source::root;

#[derive(Debug, Default)]
pub struct Schema {
    /// Every table.
    pub tables: BTreeSet<String>,
    /// The column that says whose a row is, of each table that has one.
    pub owners: BTreeMap<String, &'static str>,
}

impl Schema {
    /// The schema of `migrations/`.
    pub fn of_migrations() -> Schema {
        let mut schema = Schema::default();
        for (name, sql) in migrations() {
            schema.add(&sql).unwrap_or_else(|error| panic!("migrations/{name}: {error}"));
        }
        schema
    }

    /// Adds the tables that `sql` makes.
    pub fn add(&mut self, sql: &str) -> Result<(), String> {
        let bump = Bump::new();
        let mut parser = Parser::new(&bump, sql.as_bytes());
        while let Some(command) = parser.next().map_err(|error| error.to_string())? {
            let Cmd::Stmt(Stmt::CreateTable { tbl_name, body, .. }) = command else { continue };
            let name = tbl_name.name.0.to_ascii_lowercase();
            let CreateTableBody::ColumnsAndConstraints { columns, .. } = body else {
                return Err(format!("the columns of {name} are not written out"));
            };
            if columns.iter().any(|column| column.col_name == "organization_id") {
                self.owners.insert(name.clone(), "organization_id");
            } else if name == "organization" {
                // The tenant itself.
                self.owners.insert(name.clone(), "id");
            }
            self.tables.insert(name);
        }
        Ok(())
    }
}

/// Name and text of every migration, in order.
pub fn migrations() -> Vec<(String, String)> {
    let folder = root().join("migrations");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<(String, String)> = entries
        .filter_map(Result::ok)
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("{:?}: {error}", entry.path()));
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    files.sort();
    files
}
