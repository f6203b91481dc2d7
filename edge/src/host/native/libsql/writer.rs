//! The one writer: a thread that takes changes in the order they came.
//!
//! SQLite allows one writer at a time, and its own way of waiting (polling) is unfair: under load some
//! clients starve. A queue is fair, and keeps the writing connection's cache warm.
//!
//! Durability: a commit is answered only once it is on the disk. The connection itself does not sync
//! (`synchronous = NORMAL`: after a power cut the newest commits could be gone, while the database stays
//! whole); instead the thread runs all changes that are waiting, syncs the log once for all of them, and
//! answers them together. Fifty waiting checkouts cost one sync, not fifty.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::connection::{Connection, Purpose};
use super::{Durability, steps};
use crate::port::sql::{Batch, Outcome, SqlError};

/// Hands changes to the thread. Dropping it lets the thread finish what is queued, and waits for that.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

enum Job {
    Run { batch: Batch, patience: Duration, answer: oneshot::Sender<Result<Outcome, SqlError>> },
    Lease { granted: oneshot::Sender<Lease> },
}

/// The right to write from another connection, while the writer's own stands still. Ends when dropped.
pub(in crate::host::native) struct Lease {
    _release: SyncSender<()>,
}

impl Writer {
    /// Batches answered after one sync. Bounds how long the first of them waits for the others.
    const GROUP: usize = 32;
    /// A lease ends then, whatever its holder does; SQLite's own lock still keeps writers apart.
    const LEASE: Duration = Duration::from_secs(6);

    /// Opens the file, creating it if need be, and starts the thread.
    pub fn start(path: &Path, durability: Durability) -> Result<Writer, SqlError> {
        let connection = Connection::open(path, Purpose::Write)?;
        let log = Log { path: path_of_log(path), file: None, durability };
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("libsql-writer".to_owned())
            .spawn(move || write(connection, log, &queue))
            .map_err(|error| SqlError::Unavailable(error.to_string()))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Waits for `patience` at most, from the queue to the answer.
    pub async fn run(&self, batch: Batch, patience: Duration) -> Result<Outcome, SqlError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Run { batch, patience, answer })?;
        match tokio::time::timeout(patience, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_gone)) => Err(stopped()),
            Err(_elapsed) => Err(SqlError::Timeout),
        }
    }

    /// Waits for its turn in the same queue, likewise.
    pub async fn lease(&self, patience: Duration) -> Result<Lease, SqlError> {
        let (granted, grant) = oneshot::channel();
        self.send(Job::Lease { granted })?;
        match tokio::time::timeout(patience, grant).await {
            Ok(Ok(lease)) => Ok(lease),
            Ok(Err(_gone)) => Err(stopped()),
            Err(_elapsed) => Err(SqlError::Timeout),
        }
    }

    fn send(&self, job: Job) -> Result<(), SqlError> {
        self.jobs.as_ref().ok_or_else(stopped)?.send(job).map_err(|_| stopped())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            drop(thread.join());
        }
    }
}

fn stopped() -> SqlError {
    SqlError::Unavailable("the writer has stopped".to_owned())
}

/// The thread: until the last sender is gone and the queue is empty.
fn write(mut connection: Connection, mut log: Log, queue: &Receiver<Job>) {
    let mut finished = Vec::with_capacity(Writer::GROUP);
    while let Ok(first) = queue.recv() {
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                // Nobody waits for it any more, and nothing of it has happened.
                Job::Run { answer, .. } if answer.is_closed() => {}
                Job::Run { batch, patience, answer } => {
                    connection.set_deadline(Some(soon(patience)));
                    finished.push((answer, steps::run(&mut connection, &batch)));
                }
                Job::Lease { granted } => {
                    log.settle(&mut finished);
                    grant(granted);
                }
            }
            next = if finished.len() < Writer::GROUP { queue.try_recv().ok() } else { None };
        }
        log.settle(&mut finished);
    }
}

fn grant(granted: oneshot::Sender<Lease>) {
    let (release, released) = mpsc::sync_channel(0);
    if granted.send(Lease { _release: release }).is_ok() {
        match released.recv_timeout(Writer::LEASE) {
            Ok(()) | Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "native only")]
pub(in crate::host::native) fn soon(after: Duration) -> Instant {
    Instant::now() + after
}

type Finished = (oneshot::Sender<Result<Outcome, SqlError>>, Result<Outcome, SqlError>);

/// The write-ahead log's file, `<database>-wal`.
struct Log {
    path: PathBuf,
    file: Option<File>,
    durability: Durability,
}

impl Log {
    /// Makes the finished changes durable and answers them.
    fn settle(&mut self, finished: &mut Vec<Finished>) {
        let synced = if finished.is_empty() { Ok(()) } else { self.sync() };
        for (answer, outcome) in finished.drain(..) {
            let outcome = outcome.and_then(|outcome| match &synced {
                Ok(()) => Ok(outcome),
                Err(reason) => Err(SqlError::Unavailable(format!("the commit may not be on the disk: {reason}"))),
            });
            // Whoever asked may have given up; the change stays.
            drop(answer.send(outcome));
        }
    }

    fn sync(&mut self) -> std::io::Result<()> {
        match self.durability {
            Durability::Process => return Ok(()),
            Durability::Power => {}
        }
        if self.file.is_none() {
            // Another process that closes last may remove the log; then everything is in the database.
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }
}

fn path_of_log(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    PathBuf::from(path)
}
