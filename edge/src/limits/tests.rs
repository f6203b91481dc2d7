//! The limiter over the in-process store, which goes away and hangs when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{pending, ready};
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::{Class, Subject};
use proptest::prelude::*;

use super::{Admission, Claims, ClientAddress, Limiter, Payer, Revoked};
use crate::port::BoxFuture;
use crate::port::clock::Clock;
use crate::port::kv::memory::MemoryKv;
use crate::port::kv::{Command, Kv, KvError, Reply, Script};

const START: i64 = 1_795_512_600_000;

/// Stands still until it is moved; whoever sleeps wakes at once.
struct HandClock(AtomicI64);

impl HandClock {
    fn move_to(&self, millis: i64) {
        self.0.store(START + millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }
}

const UP: u8 = 0;
const DOWN: u8 = 1;
const HANGING: u8 = 2;

/// The in-process store behind a connection.
struct Connection {
    kv: MemoryKv,
    state: AtomicU8,
    /// Scripts and commands that were sent.
    sent: AtomicU32,
}

impl Connection {
    fn is(&self, state: u8) {
        self.state.store(state, Ordering::Relaxed);
    }

    fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    fn pass<'a, T: Send + 'a>(&'a self, call: BoxFuture<'a, Result<T, KvError>>) -> BoxFuture<'a, Result<T, KvError>> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        match self.state.load(Ordering::Relaxed) {
            UP => call,
            DOWN => ready(Err(KvError::Unavailable("gone".to_owned()))).boxed(),
            _ => pending().boxed(),
        }
    }
}

impl Kv for Connection {
    fn pipeline(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        self.pass(self.kv.pipeline(commands))
    }

    fn transaction(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        self.pass(self.kv.transaction(commands))
    }

    fn script<'a>(
        &'a self,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<String>,
    ) -> BoxFuture<'a, Result<Reply, KvError>> {
        self.pass(self.kv.script(script, keys, args))
    }
}

/// Some isolates before one Redis.
struct Edge {
    clock: Arc<HandClock>,
    redis: Connection,
    isolates: Vec<Limiter>,
}

fn edge(isolates: usize, limits: &str) -> Edge {
    let clock = Arc::new(HandClock(AtomicI64::new(START)));
    let kv = MemoryKv::new(clock.clone(), crate::scripts::ALL);
    let redis = Connection { kv, state: AtomicU8::new(UP), sent: AtomicU32::new(0) };
    let isolates = (0..isolates).map(|_| Limiter::new(limits.parse().unwrap())).collect();
    Edge { clock, redis, isolates }
}

impl Edge {
    fn ask(&self, isolate: usize, claims: &Claims) -> Admission {
        let admission = self.isolates[isolate].admit(&self.redis, &*self.clock, claims).now_or_never();
        admission.expect("nothing here takes time")
    }

    fn is_let_through(&self, isolate: usize, claims: &Claims) -> bool {
        self.ask(isolate, claims).decision.refused.is_none()
    }
}

fn from(address: [u8; 4]) -> Claims {
    let address = Some(ClientAddress::new(address.into()));
    let (class, revocations) = (Class::Read, Vec::new());
    Claims { class, address, caller: None, organization: None, revocations, is_renewable: false }
}

fn with(key: &str, organization: Option<u128>) -> Claims {
    let organization = organization.map(OrganizationId::from_u128);
    Claims { caller: Some(Payer::Key(key.to_owned())), organization, ..from([203, 0, 113, 7]) }
}

#[test]
fn values_come_along_where_redis_is_asked_and_not_for_their_sake() {
    let edge = edge(1, "read=600/60s:120");
    let set = |key: &str| Command::new(["SET", key, "there"]);
    edge.redis.kv.pipeline(vec![set("kept:1"), set("rev:s")]).now_or_never().unwrap().unwrap();
    let claims = Claims { revocations: vec!["rev:t".to_owned()], ..with("k", None) };
    let keys = ["kept:1".to_owned(), "kept:2".to_owned()];
    let ask = || {
        let asked = edge.isolates[0].admit_reading(&edge.redis, &*edge.clock, &claims, &keys).now_or_never();
        let (admission, values) = asked.expect("nothing here takes time");
        (admission.revoked, admission.round_trips, values)
    };
    assert_eq!(ask(), (Revoked::Before(None), 1, vec![Some("there".to_owned()), None]));
    let mut trips = 0;
    for _ in 0..40 {
        let (_, round_trips, values) = ask();
        assert_eq!(values.len(), if round_trips == 0 { 0 } else { 2 });
        trips += round_trips;
    }
    assert!((1..20).contains(&trips), "{trips}");
}

#[test]
fn a_burst_goes_through_and_then_the_rate() {
    let edge = edge(1, "read=10/10s:5");
    let standing: Vec<u32> = (0..5).map(|_| edge.ask(0, &from([1; 4])).decision.standing.remaining).collect();
    assert_eq!(standing, [4, 3, 2, 1, 0]);
    let refused = edge.ask(0, &from([1; 4])).decision;
    assert_eq!(refused.refused.map(|(subject, wait)| (subject, wait.seconds())), Some((Subject::Address, 1)));
    assert_eq!((refused.standing.limit, refused.standing.remaining, refused.standing.reset_seconds), (5, 0, 5));
    assert!(edge.is_let_through(0, &from([2; 4])), "another address");
    edge.clock.move_to(1_000);
    assert_eq!([(); 2].map(|()| edge.is_let_through(0, &from([1; 4]))), [true, false]);
}

#[test]
fn who_is_refused_costs_redis_nothing() {
    let edge = edge(1, "read=10/10s:5");
    for _ in 0..6 {
        edge.ask(0, &from([1; 4]));
    }
    let sent = edge.redis.sent();
    for _ in 0..1_000 {
        assert_eq!(edge.ask(0, &from([1; 4])).round_trips, 0);
    }
    assert_eq!(edge.redis.sent(), sent);
}

#[test]
fn most_requests_of_a_busy_caller_make_no_round_trip() {
    let edge = edge(1, "");
    let claims = with("k", Some(1));
    let mut trips = 0;
    for request in 0..2_000 {
        edge.clock.move_to(request * 10);
        let admission = edge.ask(0, &claims);
        assert_eq!(admission.decision.refused, None);
        trips += admission.round_trips;
    }
    // The address lends at most 100 units at once, which is a second's worth here.
    assert!(trips < 60, "{trips} round trips for 2000 requests in 20 s");
    assert_eq!(edge.redis.sent(), trips);
}

#[test]
fn two_keys_and_two_organizations_do_not_disturb_each_other() {
    let edge = edge(1, "read.key=3/1h:3,read.organization=5/1h:5");
    let count = |claims: Claims| (0..10).filter(|_| edge.is_let_through(0, &claims)).count();
    assert_eq!(count(with("k1", Some(1))), 3);
    assert_eq!(count(with("k2", Some(1))), 2, "what is left of the organization");
    assert_eq!(count(with("k3", Some(2))), 3);
    let refused = edge.ask(0, &with("k4", Some(1))).decision.refused;
    assert_eq!(refused.map(|(subject, _)| subject), Some(Subject::Organization));
}

#[test]
fn whoever_only_claims_uses_up_nothing_of_an_organizations() {
    let edge = edge(1, "read=1000/1h:1000,read.key=3/1h:3,read.organization=5/1h:5");
    for guess in 0..100 {
        edge.ask(0, &with(&format!("guess{guess}"), None));
    }
    assert_eq!((0..10).filter(|_| edge.is_let_through(0, &with("k", Some(1)))).count(), 3);
}

#[test]
fn a_request_that_one_bucket_refuses_takes_from_none() {
    let edge = edge(2, "read=2/1h:2,read.key=5/1h:5");
    let at = |last: u8, claims: Claims| Claims { address: Some(ClientAddress::new([9, 9, 9, last].into())), ..claims };
    for _ in 0..20 {
        edge.ask(0, &at(1, with("k", None)));
        edge.ask(1, &at(1, with("k", None)));
    }
    assert_eq!((0..10).filter(|_| edge.is_let_through(0, &at(2, with("k", None)))).count(), 2);
    assert_eq!((0..10).filter(|_| edge.is_let_through(1, &at(3, with("k", None)))).count(), 1);
}

#[test]
fn those_whose_address_nobody_tells_share_one_bucket_until_they_are_known() {
    let edge = edge(1, "read=4/1h:4");
    let nowhere = |claims: Claims| Claims { address: None, ..claims };
    let through = (0..10).filter(|guess| edge.is_let_through(0, &nowhere(with(&format!("k{guess}"), None)))).count();
    assert_eq!(through, 4);
    assert!(edge.is_let_through(0, &nowhere(with("k", Some(1)))));
}

#[test]
fn accounts_are_counted_for_themselves() {
    let edge = edge(1, "auth.account=2/1h:2");
    let account = |id: &str| {
        let caller = Some(Payer::Account(id.to_owned()));
        Claims { class: Class::Auth, caller, ..from([1; 4]) }
    };
    assert_eq!([(); 3].map(|()| edge.is_let_through(0, &account("usr_1"))), [true, true, false]);
    assert!(edge.is_let_through(0, &account("usr_2")));
    let reading = Claims { class: Class::Read, ..account("usr_1") };
    assert!(edge.is_let_through(0, &reading), "each class has buckets of its own");
}

#[test]
fn without_redis_the_limit_holds_and_redis_is_left_alone() {
    let edge = edge(1, "read=10/10s:5");
    edge.redis.is(DOWN);
    let through = (0..100).filter(|_| edge.is_let_through(0, &from([1; 4]))).count();
    assert_eq!((through, edge.redis.sent()), (5, 1));
    edge.clock.move_to(1_000);
    assert!(edge.is_let_through(0, &from([1; 4])));
    assert_eq!(edge.redis.sent(), 1, "no request asks again");

    // One probe a second, until one is answered.
    let limiter = &edge.isolates[0];
    let now = || edge.clock.now();
    assert_eq!([(); 3].map(|()| limiter.is_probe_due(now())), [true, false, false]);
    limiter.probe(&edge.redis).now_or_never();
    assert!(!limiter.is_probe_due(now()));
    edge.redis.is(UP);
    edge.clock.move_to(2_000);
    assert!(limiter.is_probe_due(now()));
    limiter.probe(&edge.redis).now_or_never();
    assert_eq!(edge.ask(0, &from([2; 4])).round_trips, 1);
    assert!(!limiter.is_probe_due(now()));
}

#[test]
fn a_redis_that_hangs_is_waited_for_once() {
    let edge = edge(1, "read=10/10s:5");
    assert!(edge.is_let_through(0, &from([1; 4])));
    edge.redis.is(HANGING);
    // The clock's sleep is over before the answer is there.
    let trips: u32 = (0..10).map(|_| edge.ask(0, &from([1; 4])).round_trips).sum();
    assert_eq!((trips, edge.redis.sent()), (1, 2));
    // What was taken from Redis before still counts.
    edge.clock.move_to(1_000);
    assert_eq!([(); 2].map(|()| edge.is_let_through(0, &from([1; 4]))), [true, false]);
}

#[test]
fn a_bucket_that_is_damaged_is_counted_here_and_the_others_are_not() {
    let edge = edge(1, "read=10/10s:5");
    let set = Command::new(["SET", "rl:read:address:1.1.1.1", "what"]);
    edge.redis.kv.pipeline(vec![set]).now_or_never().unwrap().unwrap();
    assert_eq!((0..10).filter(|_| edge.is_let_through(0, &from([1; 4]))).count(), 5);
    assert_eq!(edge.ask(0, &from([2; 4])).round_trips, 1);
}

#[test]
fn revocations_come_with_the_units_and_are_believed_for_a_while() {
    let edge = edge(2, "");
    let claims = Claims { revocations: vec!["rev:ses".to_owned(), "rev:usr".to_owned()], ..with("k", Some(1)) };
    let set = |moment: i64| {
        let set = Command::new(["SET", "rev:ses", &(START + moment).to_string()]);
        edge.redis.kv.pipeline(vec![set]).now_or_never().unwrap().unwrap();
        Revoked::Before(Some(Timestamp::from_millis(START + moment)))
    };
    let first = edge.ask(0, &claims);
    assert_eq!((first.revoked, first.round_trips), (Revoked::Before(None), 1));
    let revoked = set(7);
    edge.clock.move_to(29_000);
    assert_eq!(edge.ask(0, &claims).revoked, Revoked::Before(None), "within 30 s");
    assert_eq!(edge.ask(1, &claims).revoked, revoked, "another isolate asks for itself");
    edge.clock.move_to(30_000);
    let later = edge.ask(0, &claims);
    assert_eq!((later.revoked, later.round_trips), (revoked, 1));

    // Units alone are no reason to believe a verdict longer.
    for step in 0..30 {
        edge.clock.move_to(30_000 + step * 1_000);
        edge.ask(0, &claims);
    }
    edge.redis.is(DOWN);
    edge.clock.move_to(59_999);
    assert_eq!(edge.ask(0, &claims).revoked, revoked);
    edge.clock.move_to(60_000);
    let unknown = edge.ask(0, &claims);
    assert_eq!((unknown.revoked, unknown.decision.refused), (Revoked::Unknown, None));
}

#[test]
fn a_redis_that_was_emptied_voids_what_was_issued_before() {
    let edge = edge(2, "");
    let renewable = Claims { revocations: vec!["rev:ses".to_owned()], is_renewable: true, ..with("k", Some(1)) };
    let service = Claims { revocations: vec!["rev:svc".to_owned()], ..with("s", Some(1)) };
    let since = |millis: i64| Revoked::Before(Some(Timestamp::from_millis(START + millis)));
    edge.clock.move_to(1_500);
    assert_eq!(edge.ask(0, &renewable).revoked, since(1_000), "the second in which it began");
    edge.clock.move_to(9_000);
    assert_eq!(edge.ask(1, &renewable).revoked, since(1_000), "another isolate, later");
    assert_eq!(edge.ask(1, &service).revoked, Revoked::Before(None));
    edge.redis.kv.pipeline(vec![Command::new(["DEL", "rev:epoch"])]).now_or_never().unwrap().unwrap();
    // Whoever asks anything begins it anew, and who has asked before hears of it within 30 s.
    edge.clock.move_to(20_000);
    assert_eq!(edge.ask(0, &with("another", None)).round_trips, 1);
    edge.clock.move_to(32_000);
    let heard = edge.ask(0, &renewable);
    assert_eq!((heard.revoked, heard.round_trips), (since(20_000), 1));
    edge.redis.is(DOWN);
    edge.clock.move_to(62_000);
    assert_eq!(edge.ask(0, &renewable).revoked, Revoked::Unknown);
}

proptest! {
    /// However the requests of one caller fall on isolates that borrow, there are never more of them than the
    /// burst and what came back since.
    #[test]
    fn isolates_together_never_exceed_the_limit(
        burst in 1_u32..200, each_second in 1_u32..50,
        steps in prop::collection::vec((0_usize..3, 0_i64..400, 1_usize..12), 1..120),
    ) {
        let edge = edge(3, &format!("read={each_second}/1s:{burst},read.key=1000000/1s:1000000"));
        let mut now = 0;
        let mut through: i64 = 0;
        for (isolate, pause, requests) in steps {
            now += pause;
            edge.clock.move_to(now);
            for _ in 0..requests {
                through += i64::from(edge.is_let_through(isolate, &with("k", Some(1))));
            }
            prop_assert!(through <= i64::from(burst) + now * i64::from(each_second) / 1_000);
        }
    }

    /// A caller who keeps to the rate on one isolate is never refused for what was borrowed and not used.
    #[test]
    fn who_keeps_well_below_the_limit_is_never_refused(
        pauses in prop::collection::vec(40_i64..12_000, 1..200),
    ) {
        let edge = edge(1, "read=50/1s:100");
        let mut now = 0;
        for pause in pauses {
            now += pause;
            edge.clock.move_to(now);
            prop_assert!(edge.is_let_through(0, &with("k", Some(1))));
        }
    }
}
