//! The limits and the lockout in one round trip: the attempt counts where the request is let in, and not at all where
//! it is refused.

use headlesspro_edge::app::Tenant;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::identity::script::{self, LIMITS_AND_LOCKOUT};
use headlesspro_edge::limits::{Claims, Joint, Limiter, Payer, Postponed};
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::kv::{Command, Kv, KvError, Reply, Script};
use headlesspro_shared::identity::Lockout;
use headlesspro_shared::kernel::id::{OrganizationId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::Class;

use super::{adapters, run};

const NOW: i64 = 1_795_512_600_000;

fn attempt() -> Joint {
    let tenant = Tenant { organization: OrganizationId::from_u128(1), store: StoreId::from_u128(2) };
    let args = script::attempt(Timestamp::from_millis(NOW), &Lockout::default());
    Joint { script: &LIMITS_AND_LOCKOUT, keys: script::keys(tenant, "a", None), args }
}

fn claims() -> Claims {
    let caller = Some(Payer::Key("k".to_owned()));
    let (class, revocations) = (Class::Auth, Vec::new());
    Claims { class, address: None, caller, organization: None, revocations, is_renewable: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_counted_where_the_request_is_let_in() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let (joint, count) = (attempt(), format!("HGET {} n", attempt().keys[0]));
        let limits = "*.*=1000000/20s:1000000,auth.key=3/1h:3";
        let limiter = Limiter::new(limits.parse().unwrap());
        let ask = async |limiter: &Limiter| {
            let postponed = Postponed::new(claims());
            let (admission, decided) = postponed.settle_with(limiter, kv, SystemClock.now(), &joint).await;
            assert_eq!(postponed.settle(limiter, kv, &SystemClock).await, admission, "{name}: it is counted once");
            (admission, decided.unwrap())
        };
        for attempts in 1..=3 {
            let (admission, decided) = ask(&limiter).await;
            assert_eq!((admission.decision.refused, admission.round_trips), (None, 1), "{name}");
            assert_eq!(script::read(&decided.unwrap()), Ok(Ok(())), "{name}");
            assert_eq!(run(kv, &count).await, Reply::text(attempts.to_string()), "{name}");
        }
        // One that knows nothing asks, and one that has been told does not.
        let other = Limiter::new(limits.parse().unwrap());
        for (limiter, round_trips) in [(&other, 1), (&other, 0), (&limiter, 0)] {
            let (admission, decided) = ask(limiter).await;
            assert!(admission.decision.refused.is_some() && decided.is_none(), "{name}");
            assert_eq!(admission.round_trips, round_trips, "{name}");
            assert_eq!(run(kv, &count).await, Reply::text("3"), "{name}: a refused request is no attempt");
        }
        // Of a request that is counted already.
        for attempts in 4..=6 {
            assert_eq!(
                script::read(&joint.decide(kv, Timestamp::from_millis(NOW)).await.unwrap()),
                Ok(Ok(())),
                "{name}"
            );
            assert_eq!(run(kv, &count).await, Reply::text(attempts.to_string()), "{name}");
        }
        let waits = script::read(&joint.decide(kv, Timestamp::from_millis(NOW)).await.unwrap());
        assert!(matches!(waits, Ok(Err(1..))), "{name}: {waits:?}");
    }
}

/// A Redis that is away.
struct Nobody;

impl Kv for Nobody {
    fn pipeline(&self, _: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        Box::pin(async { Err(KvError::Timeout) })
    }

    fn transaction(&self, _: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        Box::pin(async { Err(KvError::Timeout) })
    }

    fn script<'a>(
        &'a self,
        _: &'static Script,
        _: Vec<String>,
        _: Vec<String>,
    ) -> BoxFuture<'a, Result<Reply, KvError>> {
        Box::pin(async { Err(KvError::Timeout) })
    }
}

#[tokio::test]
async fn without_redis_nothing_is_decided_and_requests_are_counted_all_the_same() {
    let limiter = Limiter::new("*.*=1000000/20s:1000000,auth.key=3/1h:3".parse().unwrap());
    for _ in 0..3 {
        let postponed = Postponed::new(claims());
        let (admission, decided) = postponed.settle_with(&limiter, &Nobody, SystemClock.now(), &attempt()).await;
        assert_eq!((admission.decision.refused, decided), (None, Err(KvError::Timeout)));
        assert!(limiter.is_alone());
    }
    let postponed = Postponed::new(claims());
    let (admission, decided) = postponed.settle_with(&limiter, &Nobody, SystemClock.now(), &attempt()).await;
    assert!(admission.decision.refused.is_some());
    assert_eq!((admission.round_trips, decided), (0, Ok(None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_are_told_alike() {
    for adapter in adapters::all().await {
        let (kv, name, good) = (&*adapter.kv, adapter.name, attempt());
        for (keys, args, expected) in [
            (vec![], vec![], "ERR limits script: parts"),
            (vec![], vec!["1", "0"], "ERR limits script: parts"),
            (vec![], vec!["0", "1"], "ERR limits script: parts"),
            (vec![], vec!["x", "0"], "ERR limits script: parts"),
            (vec![], vec!["0", "2", "x", "0"], "ERR limits script: moment"),
            (good.keys.iter().map(String::as_str).collect(), vec!["0", "2", "1", "0", "never"], "ERR lockout script"),
        ] {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
            let reply = kv.script(&LIMITS_AND_LOCKOUT, owned(&keys), owned(&args)).await;
            let is_told = match &reply {
                Ok(Reply::Error(text)) | Err(KvError::Refused(text)) => text.starts_with(expected),
                _ => false,
            };
            assert!(is_told, "{name}, {args:?}: {reply:?}");
        }
    }
}
