//! The key that signs tokens changes while others verify them by a key set that they have kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::identity::rotate_token_keys;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::Value;

use crate::app::{Kind, Stage};
use crate::stories::sessions::log_in;
use crate::world::World;

/// So many seconds from now.
struct Later(i64);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock.now().millis() + self.0 * 1_000)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(pause)
    }
}

/// Native alone: the wasm hosts go by the machine's clock.
pub fn a_new_key_is_known_before_it_signs(stage: &Stage, kind: Kind) {
    stage.run(async {
        let old = signer(&stage.world()).await;
        let (new, _) = rotate_token_keys(stage.app()).await.unwrap();
        let both = BTreeSet::from([old.clone(), new.clone()]);
        assert_eq!(key_set(&stage.world()).await, both);
        for (seconds, signs) in [(0, &old), (115, &old), (125, &new), (900, &new)] {
            let isolate = stage.isolate_at(Arc::new(Later(seconds))).await;
            let world = stage.world_of(&isolate);
            assert_eq!(signer(&world).await, *signs, "after {seconds} s");
            assert_eq!(key_set(&world).await, both, "after {seconds} s");
        }
        // The last token of the old key is over.
        let isolate = stage.isolate_at(Arc::new(Later(1_200))).await;
        assert_eq!(key_set(&stage.world_of(&isolate)).await, BTreeSet::from([new]));
        println!("{kind}: a new key was published at once, signed two minutes later, and was alone after twenty");
    });
}

/// The name of the key that signs the token of a login.
async fn signer(world: &World) -> String {
    let tokens = log_in(&world.ours, "owner@example.com").await.expect(200).json();
    let header = tokens["accessToken"].as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The names of the keys that are published.
async fn key_set(world: &World) -> BTreeSet<String> {
    let answer = world.nobody.get("/.well-known/jwks.json").send().await.expect(200);
    assert_eq!(answer.the("cache-control"), "public, max-age=60");
    answer.json()["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}
