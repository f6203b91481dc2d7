//! Quotes are verified by whoever knows the published keys, end by themselves, and outlive the key that signed them.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::identity::rotate_token_keys;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value, json};

use crate::app::{Kind, Stage};
use crate::stories::quotes::{open, quote};
use crate::stories::sessions::log_in;
use crate::world::World;

/// A clock that is put forward, by so many seconds.
#[derive(Default)]
struct PutForward(AtomicI64);

impl Clock for PutForward {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock.now().millis() + self.0.load(Ordering::Relaxed) * 1_000)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(pause)
    }
}

/// Native alone: the wasm hosts go by the machine's clock.
pub fn a_quote_is_verified_offline_and_outlives_its_key(stage: &Stage, kind: Kind) {
    stage.run(async {
        let clock = Arc::new(PutForward::default());
        let isolate = stage.isolate_at(Arc::clone(&clock) as Arc<dyn Clock>).await;
        let after = |seconds| clock.0.store(seconds, Ordering::Relaxed);
        let world = stage.world_of(&isolate);
        let sold = world.sell("offline", "10.00", 50).await;
        let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
        let (quoted, access) = (quote(&world.ours, &cart).await, log_in(&world.ours, "owner@example.com").await);
        verified_offline(&world, &quoted, access.expect(200).json()["accessToken"].as_str().unwrap()).await;
        let open = async || open(&world.ours.shopper, &cart, &quoted).await;

        rotate_token_keys(stage.app()).await.unwrap();
        // Half an hour later the old key signs and verifies no access tokens any more, and still this.
        after(1_800);
        assert!(names(&world, "quote-keys").await.contains(&key_of(&quoted)));
        assert!(!names(&world, "jwks").await.contains(&key_of(&quoted)));
        let opened = open().await.expect(201).json();
        assert_eq!(opened["expiresAt"], quoted["expiresAt"], "no later than the quote");
        assert_ne!(key_of(&quote(&world.ours, &cart).await), key_of(&quoted));
        after(86_401);
        world.ours.complete(opened["id"].as_str().unwrap(), "late").await.expect_problem(409, "checkout-expired");
        open().await.expect_problem(409, "quote-expired");
        // Ended quotes are forgotten by and by; the cart is there for two weeks.
        after(4 * 86_400);
        quote(&world.ours, &cart).await;
        open().await.expect_problem(409, "quote-expired");
        after(9 * 86_400);
        assert!(!names(&world, "quote-keys").await.contains(&key_of(&quoted)));
        open().await.expect_problem(422, "quote-not-valid");
        println!("{kind}: a quote was verified by jose, honoured by a key that signs no more, and over after a day");
    });
}

/// The names of the keys in a published set.
async fn names(world: &World, set: &str) -> Vec<String> {
    let answer = world.nobody.get(&format!("/.well-known/{set}.json")).send().await.expect(200).json();
    answer["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn key_of(quote: &Value) -> String {
    part(quote["token"].as_str().unwrap(), 0)["kid"].as_str().unwrap().to_owned()
}

/// Runs `tests/clients/quotes.mjs` with the keys as they are published.
async fn verified_offline(world: &World, quote: &Value, access: &str) {
    let token = quote["token"].as_str().unwrap();
    let claims = part(token, 1);
    let parts: Vec<&str> = token.split('.').collect();
    let mut cheaper = claims.clone();
    cheaper["total"] = json!(1);
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(cheaper.to_string()), parts[2]);
    let settings = json!({
        "keys": world.nobody.get("/.well-known/quote-keys.json").send().await.expect(200).json(),
        "issuer": part(access, 1)["iss"],
        "quote": token,
        "claims": claims,
        "others": [forged, access],
        "now": claims["iat"],
    });
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    assert!(tests.join("node_modules/jose").exists(), "run `npm ci --ignore-scripts` in tests/ first");
    let mut node = tokio::process::Command::new("node");
    node.arg(tests.join("clients/quotes.mjs")).arg(settings.to_string()).stdin(Stdio::null()).kill_on_drop(true);
    let output = node.output().await.expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
