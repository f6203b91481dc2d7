//! Redis in the process: the commands this project and its clients need, with Redis 7's answers and
//! error texts. Serves `hp dev` and tests on every target; nothing survives the process.
//!
//! There is no Lua: `EVAL` and `EVALSHA` run the project's own [`Script`]s, which are recognised by
//! their text or its SHA-1, through their Rust twins. `SCRIPT EXISTS` answers 1 for each of them,
//! loaded or not.

mod command;
mod glob;
mod hash;
mod keys;
mod keyspace;
mod list;
mod number;
mod script;
mod server;
mod set;
mod sorted_set;
mod string;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::ready;

use self::keyspace::Keyspace;
use self::script::Registry;
use super::{Command, Kv, KvError, Reply, Script, ScriptStore, refuse_empty_commands};
use crate::port::BoxFuture;
use crate::port::clock::Clock;

/// One Redis database in memory, shared by whoever holds it. Keys expire by the [`Clock`].
pub struct MemoryKv {
    clock: Arc<dyn Clock>,
    scripts: Registry,
    keyspace: Mutex<Keyspace>,
}

impl MemoryKv {
    /// An empty database that knows `scripts`, such as [`crate::scripts::ALL`].
    pub fn new(clock: Arc<dyn Clock>, scripts: &'static [&'static Script]) -> MemoryKv {
        MemoryKv { clock, scripts: Registry::new(scripts), keyspace: Mutex::new(Keyspace::default()) }
    }

    /// Exclusive access at one instant, as Redis has it for a command, a transaction or a script.
    fn at_now(&self) -> MutexGuard<'_, Keyspace> {
        // A panic while the lock was held leaves no half-made entry that a later command could not
        // read, so the store goes on.
        let mut keyspace = self.keyspace.lock().unwrap_or_else(PoisonError::into_inner);
        keyspace.set_now(self.clock.now().millis());
        keyspace
    }

    fn run_all(&self, commands: &[Command]) -> Vec<Reply> {
        let mut keyspace = self.at_now();
        commands.iter().map(|command| self.run(&mut keyspace, command)).collect()
    }

    fn run(&self, keyspace: &mut Keyspace, Command(words): &Command) -> Reply {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match command::parse(&words) {
            Ok(call) => call.run(keyspace, &self.scripts),
            Err(refused) => Reply::Error(refused),
        }
    }
}

impl Kv for MemoryKv {
    fn pipeline(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        ready(refuse_empty_commands(&commands).map(|()| self.run_all(&commands))).boxed()
    }

    fn transaction(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        let answer = refuse_empty_commands(&commands).and_then(|()| {
            let queued = commands.iter().all(|Command(words)| {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                command::parse(&words).is_ok()
            });
            match queued {
                true => Ok(self.run_all(&commands)),
                false => {
                    Err(KvError::Refused("EXECABORT Transaction discarded because of previous errors.".to_owned()))
                }
            }
        });
        ready(answer).boxed()
    }

    fn script<'a>(
        &'a self,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<String>,
    ) -> BoxFuture<'a, Result<Reply, KvError>> {
        let mut keyspace = self.at_now();
        let reply = (script.native)(&mut *keyspace, &keys, &args);
        ready(Ok(reply)).boxed()
    }
}

/// What a script's Rust twin sees: data commands, no scripts within scripts.
impl ScriptStore for Keyspace {
    fn call(&mut self, words: &[&str]) -> Reply {
        match command::parse(words) {
            Ok(call) => call.run_in_script(self),
            Err(refused) => Reply::Error(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use headlesspro_shared::kernel::time::Timestamp;

    use super::*;

    #[derive(Default)]
    struct HandClock(AtomicI64);

    impl HandClock {
        fn advance(&self, millis: i64) {
            self.0.fetch_add(millis, Ordering::Relaxed);
        }
    }

    impl Clock for HandClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }

        fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
            self.advance(i64::try_from(pause.as_millis()).unwrap());
            Box::pin(async {})
        }
    }

    fn store() -> (MemoryKv, Arc<HandClock>) {
        let clock = Arc::new(HandClock(AtomicI64::new(1_700_000_000_000)));
        (MemoryKv::new(clock.clone(), &[]), clock)
    }

    fn run(kv: &MemoryKv, line: &str) -> Reply {
        let command = Command(line.split(' ').map(str::to_owned).collect());
        kv.run_all(&[command]).remove(0)
    }

    #[test]
    fn a_key_is_there_through_the_millisecond_of_its_deadline() {
        let (kv, clock) = store();
        run(&kv, "SET k v PX 100");
        clock.advance(100);
        assert_eq!(run(&kv, "GET k"), Reply::text("v"));
        assert_eq!(run(&kv, "PTTL k"), Reply::Integer(0));
        clock.advance(1);
        for (line, reply) in [
            ("GET k", Reply::Nil),
            ("EXISTS k", Reply::Integer(0)),
            ("PTTL k", Reply::Integer(-2)),
            ("TYPE k", Reply::text("none")),
            ("KEYS *", Reply::Array(vec![])),
            ("DBSIZE", Reply::Integer(0)),
            ("DEL k", Reply::Integer(0)),
        ] {
            assert_eq!(run(&kv, line), reply, "{line}");
        }
    }

    #[test]
    fn what_replaces_an_expired_key_starts_afresh() {
        let (kv, clock) = store();
        run(&kv, "HSET cart a 1");
        run(&kv, "EXPIRE cart 1");
        run(&kv, "SET n 5 PX 100");
        clock.advance(1_001);
        assert_eq!(run(&kv, "HSET cart b 2"), Reply::Integer(1));
        assert_eq!(run(&kv, "HGETALL cart"), Reply::Array(vec![Reply::text("b"), Reply::text("2")]));
        assert_eq!(run(&kv, "TTL cart"), Reply::Integer(-1));
        assert_eq!(run(&kv, "INCR n"), Reply::Integer(1));
        assert_eq!(run(&kv, "TTL n"), Reply::Integer(-1));
    }

    #[test]
    fn expired_keys_that_nobody_asks_for_do_not_pile_up() {
        let (kv, clock) = store();
        for round in 0..100 {
            for key in 0..10 {
                run(&kv, &format!("SET limit:{round}:{key} 1 PX 1"));
            }
            clock.advance(10);
        }
        assert!(kv.at_now().stored() <= 10, "{} keys are stored", kv.at_now().stored());
    }

    #[test]
    fn the_time_is_the_clocks() {
        let (kv, clock) = store();
        clock.advance(42);
        assert_eq!(run(&kv, "TIME"), Reply::Array(vec![Reply::text("1700000000"), Reply::text("42000")]));
    }

    #[test]
    fn a_walk_meets_every_key_that_stays_exactly_once() {
        let (kv, _) = store();
        for key in 0..500 {
            run(&kv, &format!("SET stays:{key} 1"));
        }
        let (mut cursor, mut met, mut step) = ("0".to_owned(), Vec::new(), 0);
        loop {
            let Reply::Array(answer) = run(&kv, &format!("SCAN {cursor} MATCH stays:* COUNT 7")) else { panic!() };
            let [Reply::Text(next), Reply::Array(keys)] = answer.as_slice() else { panic!("{answer:?}") };
            met.extend(keys.iter().cloned());
            run(&kv, &format!("SET comes:{step} 1"));
            run(&kv, &format!("DEL comes:{}", step / 2));
            (cursor, step) = (next.clone(), step + 1);
            if cursor == "0" {
                break;
            }
        }
        let distinct: std::collections::HashSet<String> = met.iter().map(|key| format!("{key:?}")).collect();
        assert_eq!((met.len(), distinct.len()), (500, 500));
    }
}
