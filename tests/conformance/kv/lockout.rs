//! The lockout's script: on every adapter it decides as the domain does.

use headlesspro_edge::app::Tenant;
use headlesspro_edge::identity::script::{self, LOCKOUT};
use headlesspro_edge::port::kv::Kv;
use headlesspro_shared::identity::{Attempt, Failures, Lockout};
use headlesspro_shared::kernel::id::{OrganizationId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;

use super::adapters;

const NOW: i64 = 1_795_512_600_000;

fn keys(account: &str) -> Vec<String> {
    let tenant = Tenant { organization: OrganizationId::from_u128(1), store: StoreId::from_u128(2) };
    script::keys(tenant, account, None)
}

async fn attempt(kv: &dyn Kv, account: &str, now: Timestamp) -> Result<(), i64> {
    let reply = kv.script(&LOCKOUT, keys(account), script::attempt(now, &Lockout::default())).await.unwrap();
    script::read(&reply).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_decided_as_the_domain_decides_them() {
    for adapter in adapters::all().await {
        let (kv, name, rule) = (&*adapter.kv, adapter.name, Lockout::default());
        let (mut accounts, mut address) = ([Failures::default(); 3], Failures::default());
        let mut now = NOW;
        // Every third is right; pauses from none to longer than anything is remembered.
        let pauses = [0, 1, 999, 1_000, 1_500, 4_000, 60_000, 0, 0, 0, 0, 899_999, 900_000, 3_600_000, 0, 90_000_000];
        for step in 0..400_usize {
            now += pauses[(step * 7) % pauses.len()];
            let at = Timestamp::from_millis(now);
            let (account, names) = (step % 3, ["a", "b", "c"]);
            let expected = rule.attempt(accounts[account], address, at);
            let answer = attempt(kv, names[account], at).await;
            match expected {
                Attempt::Wait { millis } => assert_eq!(answer, Err(millis), "{name}, step {step}"),
                Attempt::Admitted { account: counted, address: from } => {
                    assert_eq!(answer, Ok(()), "{name}, step {step}");
                    (accounts[account], address) = (counted, from);
                    if step % 11 == 0 {
                        script::forgive(kv, keys(names[account])).await;
                        // The address gets this attempt back, and no more.
                        accounts[account] = Failures::default();
                        address.count -= 1;
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_guesses_few_are_looked_at() {
    for adapter in adapters::all().await {
        let now = Timestamp::from_millis(NOW);
        let guesses = (0..100).map(|_| attempt(&*adapter.kv, "parallel", now));
        let answers = futures_util::future::join_all(guesses).await;
        let admitted = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(admitted, 6, "{}", adapter.name);
    }
}
