//! Short-lived data: Redis commands, and scripts of our own.
//!
//! Arguments and answers are text (UTF-8), which all our values are.

pub mod memory;
mod reply;
mod script;
pub mod upstash;

pub use reply::Reply;
pub(crate) use script::KnownScripts;
pub use script::{Script, ScriptStore, whole};

use super::BoxFuture;

/// One Redis command with its arguments: `["SET", "k", "v", "EX", "60"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(pub Vec<String>);

impl Command {
    pub fn new<const N: usize>(words: [&str; N]) -> Command {
        Command(words.into_iter().map(str::to_owned).collect())
    }
}

/// The largest answer to one request that a client of a server takes, in bytes. All our values are far below.
pub const MAX_ANSWER: usize = 8 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// No connection, one that broke, or a server that is not well. Commands may have run.
    #[error("Redis is not reachable: {0}")]
    Unavailable(String),
    #[error("Redis did not answer in time")]
    Timeout,
    #[error("Redis refuses our token")]
    Unauthorized,
    /// Commands have run.
    #[error("Redis' answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("Redis' answer makes no sense: {0}")]
    Garbage(String),
    /// The server refused the whole group (a syntax error in a transaction, a script error).
    #[error("Redis refused: {0}")]
    Refused(String),
}

/// The connection may be shared, so commands that change or block it (`MULTI`, `WATCH`, `SUBSCRIBE`,
/// `BLPOP`, `SELECT` ...) are not part of this port.
pub trait Kv: Send + Sync {
    /// Commands in one round trip; others' commands may run in between. One answer a command.
    /// No commands make no round trip.
    fn pipeline(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>>;

    /// Commands in one round trip as MULTI/EXEC: nothing runs in between. A command that fails while
    /// running answers [`Reply::Error`] and does not undo the others, as in Redis; one that Redis
    /// does not know, or with too few or too many arguments, makes it refuse the whole group.
    fn transaction(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>>;

    /// Runs one script atomically, in one round trip (two when the server has forgotten it).
    fn script<'a>(
        &'a self,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<String>,
    ) -> BoxFuture<'a, Result<Reply, KvError>>;
}

impl dyn Kv + '_ {
    /// One command, one answer.
    ///
    /// # Errors
    /// As [`Kv::pipeline`].
    pub async fn command(&self, command: Command) -> Result<Reply, KvError> {
        let reply = self.pipeline(vec![command]).await?.into_iter().next();
        reply.ok_or_else(|| KvError::Garbage("no answer to a command".to_owned()))
    }
}

/// A command without even a name can not be sent: Redis would answer it with nothing at all.
pub(crate) fn refuse_empty_commands(commands: &[Command]) -> Result<(), KvError> {
    match commands.iter().any(|Command(words)| words.is_empty()) {
        true => Err(KvError::Refused("ERR empty command".to_owned())),
        false => Ok(()),
    }
}
