//! Redis over TCP: one connection that all requests share, made when it is first needed and made
//! again when it breaks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, ServerError, ServerErrorKind, Value};
use tokio::task::AbortHandle;

use crate::port::BoxFuture;
use crate::port::kv::{Command, KnownScripts, Kv, KvError, MAX_ANSWER, Reply, Script, refuse_empty_commands};

/// The longest wait for an answer, and for a connection: together what a caller may lose to a server
/// that does not move.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// How often an idle connection is tried, so that one that the server has closed is made again before
/// a request needs it.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Commands that would change, block or take over the connection that everyone shares.
const NOT_SHARED: &str = "asking auth blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin client discard exec \
    hello monitor multi psubscribe psync punsubscribe quit readonly readwrite reset select ssubscribe subscribe \
    sunsubscribe sync unsubscribe unwatch wait waitaof watch";

/// A client of one Redis server. A server that is gone costs the callers meanwhile an error each
/// within 2 s, and is used again once it is back.
pub struct RedisKv {
    client: Client,
    connection: Mutex<Option<Connection>>,
    max_bytes: usize,
    known_scripts: KnownScripts,
}

struct Connection {
    manager: ConnectionManager,
    heartbeat: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

impl RedisKv {
    /// `url` is `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS with the
    /// public certificate authorities. Nothing is sent before the first command.
    ///
    /// A request may answer [`MAX_ANSWER`]. More is refused once it is here: the library has no limit of its own, only
    /// the time an answer may take.
    ///
    /// # Errors
    /// [`KvError::Refused`] when `url` is not such a URL.
    pub fn new(url: &str) -> Result<RedisKv, KvError> {
        let settings = TcpSettings::default().set_nodelay(true).set_user_timeout(Duration::from_secs(5));
        let client = url
            .into_connection_info()
            .map(|info| info.set_tcp_settings(settings))
            .and_then(Client::open)
            // The error's text may hold the URL, and the URL the password.
            .map_err(|error| KvError::Refused(format!("not a Redis URL: {}", error.category())))?;
        let known_scripts = KnownScripts::default();
        Ok(RedisKv { client, connection: Mutex::default(), max_bytes: MAX_ANSWER, known_scripts })
    }

    /// The same client with another size limit for an answer, in bytes.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: usize) -> RedisKv {
        self.max_bytes = max_bytes;
        self
    }

    fn slot(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> Result<ConnectionManager, KvError> {
        let mut slot = self.slot();
        if let Some(connection) = slot.as_ref() {
            return Ok(connection.manager.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_min_delay(Duration::from_millis(50))
            .set_number_of_retries(1);
        let manager = ConnectionManager::new_lazy_with_config(self.client.clone(), config).map_err(failure)?;
        let heartbeat = tokio::spawn(keep_alive(manager.clone())).abort_handle();
        *slot = Some(Connection { manager: manager.clone(), heartbeat });
        Ok(manager)
    }

    /// Turns the library's failure into ours. A server that did not answer may be behind a connection
    /// that is dead without saying so, so the next command makes a new one.
    fn failed(&self, error: RedisError) -> KvError {
        let failure = failure(error);
        if failure == KvError::Timeout {
            self.slot().take();
        }
        failure
    }

    async fn one(&self, words: &[&str]) -> Result<Reply, KvError> {
        let mut connection = self.connection()?;
        let answer = connection.send_packed_command(&packed(words.iter().copied())).await;
        let answers = self.bounded(answer.map(|answer| vec![answer]))?;
        answers.into_iter().next().ok_or_else(|| KvError::Garbage("no answer to a command".to_owned())).and_then(reply)
    }

    /// The answers to one request, if they are no more than it may answer.
    fn bounded(&self, answers: Result<Vec<Value>, RedisError>) -> Result<Vec<Value>, KvError> {
        let answers = answers.map_err(|error| self.failed(error))?;
        let bytes = answers.iter().map(size).fold(0, usize::saturating_add);
        if bytes <= self.max_bytes { Ok(answers) } else { Err(KvError::TooLarge(self.max_bytes)) }
    }
}

impl Kv for RedisKv {
    fn pipeline(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        async move {
            refuse_empty_commands(&commands)?;
            let refused: Vec<Option<Reply>> = commands.iter().map(refusal).collect();
            let mut pipeline = Pipeline::with_capacity(commands.len());
            for (Command(words), _) in commands.iter().zip(&refused).filter(|(_, refused)| refused.is_none()) {
                pipeline.add_command(packed(words.iter().map(String::as_str)));
            }
            let mut answers = match pipeline.len() {
                0 => Vec::new(),
                count => {
                    let answers = self.connection()?.send_packed_commands(&pipeline, 0, count).await;
                    self.bounded(answers)?
                }
            }
            .into_iter();
            let missing = || KvError::Garbage("fewer answers than commands".to_owned());
            let replies = refused.into_iter().map(|refused| match refused {
                Some(refused) => Ok(refused),
                None => reply(answers.next().ok_or_else(missing)?),
            });
            replies.collect()
        }
        .boxed()
    }

    fn transaction(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        async move {
            refuse_empty_commands(&commands)?;
            if commands.is_empty() {
                return Ok(Vec::new());
            }
            if commands.iter().any(|command| refusal(command).is_some()) {
                return Err(aborted());
            }
            let mut pipeline = Pipeline::with_capacity(commands.len());
            pipeline.atomic();
            for Command(words) in &commands {
                pipeline.add_command(packed(words.iter().map(String::as_str)));
            }
            // MULTI and every QUEUED are skipped; what is left is EXEC's one answer.
            let skipped = commands.len().saturating_add(1);
            let answers = self.connection()?.send_packed_commands(&pipeline, skipped, 1).await;
            match self.bounded(answers)?.into_iter().next() {
                Some(Value::Array(values)) if values.len() == commands.len() => values.into_iter().map(reply).collect(),
                other => Err(KvError::Garbage(format!("EXEC answered {other:?}"))),
            }
        }
        .boxed()
    }

    fn script<'a>(
        &'a self,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<String>,
    ) -> BoxFuture<'a, Result<Reply, KvError>> {
        async move {
            let count = keys.len().to_string();
            if let Some(sha1) = self.known_scripts.sha1(script) {
                let reply = self.one(&KnownScripts::words("EVALSHA", &sha1, &count, &keys, &args)).await?;
                if !KnownScripts::is_unknown(&reply) {
                    return Ok(reply);
                }
            }
            let reply = self.one(&KnownScripts::words("EVAL", script.lua, &count, &keys, &args)).await?;
            self.known_scripts.learn(script);
            Ok(reply)
        }
        .boxed()
    }
}

/// The manager makes a connection again when a command finds it broken, whoever sent the command.
async fn keep_alive(mut manager: ConnectionManager) {
    let ping = packed(["PING"].into_iter());
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        // Whether it worked is for the next request to find out.
        let _ = manager.send_packed_command(&ping).await;
    }
}

fn packed<'a>(words: impl Iterator<Item = &'a str>) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(word);
    }
    command
}

fn refusal(Command(words): &Command) -> Option<Reply> {
    let name = words.first()?;
    let refused = NOT_SHARED.split_ascii_whitespace().any(|refused| refused.eq_ignore_ascii_case(name));
    refused.then(|| Reply::Error(format!("ERR '{name}' is not available: the connection is shared")))
}

fn aborted() -> KvError {
    KvError::Refused("EXECABORT Transaction discarded because of previous errors.".to_owned())
}

/// About what a value takes on the wire, in bytes.
fn size(value: &Value) -> usize {
    // Its kind and the end of its line, at least.
    const FRAME: usize = 3;
    let content = match value {
        Value::BulkString(bytes) => bytes.len(),
        Value::SimpleString(text) => text.len(),
        Value::Array(values) => values.iter().map(size).fold(0, usize::saturating_add),
        _ => 0,
    };
    content.saturating_add(FRAME)
}

/// # Errors
/// A server that is loading, failing over or out of its cluster is not there yet; an answer that is
/// not of RESP2, or not text, is garbage.
fn reply(value: Value) -> Result<Reply, KvError> {
    Ok(match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Integer(number),
        Value::BulkString(bytes) => {
            Reply::Text(String::from_utf8(bytes).map_err(|_| KvError::Garbage("a value is not UTF-8".to_owned()))?)
        }
        Value::SimpleString(text) => Reply::Text(text),
        Value::Okay => Reply::ok(),
        Value::Array(values) => Reply::Array(values.into_iter().map(reply).collect::<Result<_, _>>()?),
        Value::ServerError(error) if is_passing(&error) => return Err(KvError::Unavailable(text(&error))),
        Value::ServerError(error) => Reply::Error(text(&error)),
        other => return Err(KvError::Garbage(format!("an answer that is not of RESP2: {other:?}"))),
    })
}

fn is_passing(error: &ServerError) -> bool {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
    matches!(error.kind(), Some(BusyLoading | ClusterDown | MasterDown | ReadOnly | TryAgain))
}

/// The server's own text: `ERR syntax error`.
fn text(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

fn failure(error: RedisError) -> KvError {
    if error.is_timeout() {
        return KvError::Timeout;
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed => KvError::Unauthorized,
        ErrorKind::Parse => KvError::Garbage(error.to_string()),
        _ => match error.clone().into_server_errors().as_deref() {
            // A command of a transaction that was refused while it was queued.
            Some(errors) => match errors.iter().find(|(_, error)| is_passing(error)) {
                Some((_, error)) => KvError::Unavailable(text(error)),
                None => aborted(),
            },
            None => KvError::Unavailable(error.to_string()),
        },
    }
}
