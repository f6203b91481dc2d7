//! The Sql port over libSQL inside the process: one file, many readers, one writer.
//!
//! Reads run on the calling thread with a budget of [`EmbeddedSql::INLINE`]: handing a 20 µs read to
//! another thread costs more than the read. A read that exceeds the budget is interrupted, starts again
//! on a thread for blocking work, and its statements go there at once the next time. Changes go through
//! the [`writer`]'s queue.

pub(super) mod connection;
pub(super) mod steps;
pub(super) mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connection::{Connection, Purpose};
use steps::Kind;
use writer::{Lease, Writer, soon};

use crate::port::BoxFuture;
use crate::port::sql::{Batch, Outcome, Sql, SqlError};

/// What an acknowledged commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, and a power cut.
    Power,
    /// The end of the process. For tests and for data that can be made again.
    Process,
}

/// A libSQL database file. Cheap to clone; the last clone's end writes the log back into the file.
#[derive(Clone)]
pub struct EmbeddedSql {
    database: Arc<Database>,
    /// How long a read may take at all, and a change from the queue to the answer.
    patience: Duration,
}

struct Database {
    // Dropped in this order: the writer is the last to close.
    readers: Mutex<Vec<Connection>>,
    path: PathBuf,
    writer: Writer,
}

impl EmbeddedSql {
    /// How long a read may hold a thread that serves requests.
    const INLINE: Duration = Duration::from_millis(2);
    const PATIENCE: Duration = Duration::from_secs(10);
    /// Connections kept for the next read.
    const IDLE: usize = 16;

    /// Opens a file, creating it when it is not there. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`]: the folder is missing, it is no database, or another process holds it.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<EmbeddedSql, SqlError> {
        let path = path.as_ref().to_owned();
        let writer = Writer::start(&path, durability)?;
        let database = Arc::new(Database { readers: Mutex::default(), path, writer });
        Ok(EmbeddedSql { database, patience: EmbeddedSql::PATIENCE })
    }

    /// The same database, whose statements are given up after `patience` instead of 10 s.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> EmbeddedSql {
        EmbeddedSql { patience, ..self }
    }

    /// A connection for one client's stream of statements. It must hold a [`lease`](Self::lease) whenever
    /// it writes.
    pub(in crate::host::native) fn open_stream(&self) -> Result<Connection, SqlError> {
        Connection::open(&self.database.path, Purpose::Stream)
    }

    /// The right to write from a stream's connection, had in turn with all other changes.
    pub(in crate::host::native) async fn lease(&self) -> Result<Lease, SqlError> {
        self.database.writer.lease(self.patience).await
    }

    fn reader(&self) -> Result<Connection, SqlError> {
        let idle = self.database.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Connection::open(&self.database.path, Purpose::Read), Ok)
    }

    fn give_back(&self, reader: Connection) {
        let mut idle = self.database.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < EmbeddedSql::IDLE {
            idle.push(reader);
        }
    }

    async fn read(&self, mut reader: Connection, batch: Batch, kind: Kind) -> Result<Outcome, SqlError> {
        if kind == Kind::Read {
            reader.set_deadline(Some(soon(EmbeddedSql::INLINE)));
            let outcome = steps::run(&mut reader, &batch);
            if !matches!(outcome, Err(SqlError::Timeout)) {
                self.give_back(reader);
                return outcome;
            }
        }
        let this = self.clone();
        let blocking = tokio::task::spawn_blocking(move || {
            let fast_until = soon(EmbeddedSql::INLINE);
            reader.set_deadline(Some(soon(this.patience)));
            let outcome = steps::run(&mut reader, &batch);
            steps::remember(&mut reader, &batch, fast_until < soon(Duration::ZERO));
            this.give_back(reader);
            outcome
        });
        blocking.await.unwrap_or_else(|_| Err(SqlError::Unavailable("the reading thread stopped".to_owned())))
    }
}

impl Sql for EmbeddedSql {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        Box::pin(async move {
            if batch.steps.first().is_some_and(|step| step.statement.sql.starts_with("BEGIN IMMEDIATE")) {
                return self.database.writer.run(batch, self.patience).await;
            }
            let mut reader = self.reader()?;
            match steps::kind(&mut reader, &batch) {
                Kind::Write => {
                    self.give_back(reader);
                    self.database.writer.run(batch, self.patience).await
                }
                kind => self.read(reader, batch, kind).await,
            }
        })
    }
}
