//! Buyers who do not give up: as a real client does, each repeats a request that was not answered, with
//! the same idempotency key.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::client::{Answer, Call};
use crate::world::{Shop, order_form};

/// How long a buyer goes on repeating one request.
const PATIENCE: Duration = Duration::from_secs(90);

const ON_ACCOUNT: &str = r#"{"payment":{"provider":"manual","method":"on-account"}}"#;

/// What all buyers of a crowd had to repeat: how often, by the reason.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<BTreeMap<String, u64>>);

impl Repeats {
    fn count(&self, reason: String) {
        *self.0.lock().unwrap().entry(reason).or_default() += 1;
    }

    pub fn told(&self) -> String {
        let repeats = self.0.lock().unwrap();
        let told: Vec<String> = repeats.iter().map(|(reason, count)| format!("{count} after {reason}")).collect();
        if told.is_empty() { "no repeats".to_owned() } else { format!("repeats: {}", told.join(", ")) }
    }
}

/// One buyer. `name` is in all of their idempotency keys.
pub struct Buyer<'a> {
    pub shop: &'a Shop,
    pub name: String,
    pub repeats: &'a Repeats,
}

impl Buyer<'_> {
    /// A checkout of a new cart with these units, all through HTTP; its id.
    pub async fn open(&self, variant: &str, quantity: i64) -> String {
        let post = |path: String, step: &str| self.shop.shopper.post(&path).header("idempotency-key", self.key(step));
        let cart = self.persist(|| post("/api/v1/cart".to_owned(), "cart")).await.expect(201).json();
        let cart = cart["id"].as_str().unwrap();
        self.add(cart, variant, quantity).await.expect(200);
        let form = order_form(cart);
        let opened = self.persist(|| post("/api/v1/checkouts".to_owned(), "open").json(&form)).await;
        opened.expect(201).json()["id"].as_str().unwrap().to_owned()
    }

    /// Puts units into a cart; any answer but a 503.
    pub async fn add(&self, cart: &str, variant: &str, quantity: i64) -> Answer {
        let (path, key) = (format!("/api/v1/cart/{cart}/items"), self.key("item"));
        let item = json!({ "variantId": variant, "quantity": quantity });
        self.persist(|| self.shop.shopper.post(&path).header("idempotency-key", &key).json(&item)).await
    }

    /// Completes the checkout on account; any answer but a 503.
    pub async fn complete(&self, checkout: &str) -> Answer {
        self.complete_by(checkout, ON_ACCOUNT).await
    }

    /// Completes the checkout as `body` says; any answer but a 503.
    pub async fn complete_by(&self, checkout: &str, body: &str) -> Answer {
        let path = format!("/api/v1/checkouts/{checkout}/complete");
        let key = self.key("complete");
        let call = || self.shop.shopper.post(&path).header("idempotency-key", &key);
        // The whole request is the same each time, its id too.
        self.persist(|| call().header("x-request-id", &key).body("application/json", body.to_owned())).await
    }

    /// The bytes of the request that [`complete`](Buyer::complete) sends.
    pub fn completing(&self, checkout: &str) -> Vec<u8> {
        let body = ON_ACCOUNT;
        let (key, shopper) = (self.key("complete"), &self.shop.shopper);
        format!(
            "POST /api/v1/checkouts/{checkout}/complete HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            shopper.key().unwrap(),
            body.len()
        )
        .into_bytes()
    }

    fn key(&self, step: &str) -> String {
        format!("{}-{step}", self.name)
    }

    /// Any answer but a 503.
    pub async fn persist(&self, call: impl Fn() -> Call) -> Answer {
        let trying = async {
            loop {
                match call().try_send().await {
                    Ok(answer) if answer.status == 503 => {
                        self.repeats.count(format!(
                            "503 {} to {}",
                            answer.code(),
                            answer.line.split('/').nth(3).unwrap_or_default()
                        ));
                        let seconds = answer.the("retry-after").parse().unwrap();
                        // Not all at the same moment again.
                        let spread = self.name.bytes().fold(0, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000);
                        tokio::time::sleep(Duration::from_secs(seconds) + Duration::from_millis(spread)).await;
                    }
                    Ok(answer) => return answer,
                    Err(error) => {
                        // The last cause says it: connection refused, reset by peer.
                        let mut cause: &dyn std::error::Error = &error;
                        while let Some(source) = cause.source() {
                            cause = source;
                        }
                        self.repeats.count(format!("a broken connection ({cause})"));
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
            }
        };
        let answered = tokio::time::timeout(PATIENCE, trying).await;
        answered.unwrap_or_else(|_| panic!("{}: no answer within {PATIENCE:?}; {}", self.name, self.repeats.told()))
    }
}
