//! What a story is told with: two shops of two tenants behind one address, and their keys.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::mailer::memory::Mailbox;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::product_file::{Generation, Product, file};

/// One running API and two tenants of it, neither of which is empty for sure.
#[derive(Clone)]
pub struct World {
    /// Sells in euros.
    pub ours: Shop,
    /// Another tenant's. Sells in Bahraini dinars, which have three decimals.
    pub theirs: Shop,
    /// Has no key.
    pub nobody: Client,
    /// Stands in every handle, SKU, vendor, tag and category of this story, and in no other's.
    pub mark: String,
    /// What the API has sent; nobody knows that of a deployment somewhere else.
    pub mailbox: Option<Arc<Mailbox>>,
}

impl World {
    /// A handle, SKU, vendor or tag of this story alone.
    pub fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.mark)
    }

    /// The same, asked from an address of this machine that no other story comes from: whoever fails to log in keeps
    /// nobody else waiting.
    pub fn at_own_address(self) -> World {
        let nobody = at_own_address(&self.nobody);
        let moved = |client: &Client| client.key().map_or_else(|| nobody.clone(), |key| nobody.with_key(key));
        let shop = |shop: &Shop| Shop { shopper: moved(&shop.shopper), merchant: moved(&shop.merchant) };
        World { ours: shop(&self.ours), theirs: shop(&self.theirs), nobody: nobody.clone(), ..self }
    }

    /// A product with one variant, imported into our shop.
    pub async fn sell(&self, name: &str, price: &str, stock: i64) -> Sold {
        let handle = self.name(name);
        self.ours.import(&[Product::simple(&handle, price, stock)]).await;
        self.ours.first_variant(&handle).await
    }
}

/// The same client at an address of this machine that nobody has asked from.
pub fn at_own_address(client: &Client) -> Client {
    // Begins elsewhere in each run: what an address has done is remembered for an hour where the API runs on.
    static LAST: LazyLock<AtomicU16> = LazyLock::new(|| {
        let [.., high, low] = SystemClock.now().millis().to_be_bytes();
        AtomicU16::new(u16::from_be_bytes([high, low]))
    });
    let [high, low] = LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    client.moved_to(Ipv4Addr::new(127, 1, high, low).into())
}

/// A variant with its product.
#[derive(Debug, Clone)]
pub struct Sold {
    pub handle: String,
    pub product: String,
    pub variant: String,
}

/// A shop, by its two keys.
#[derive(Clone)]
pub struct Shop {
    /// With the publishable key.
    pub shopper: Client,
    /// With the secret key.
    pub merchant: Client,
}

impl Shop {
    /// Imports a file, whatever is wrong with it.
    pub async fn import_file(&self, file: impl Into<Vec<u8>>) -> Answer {
        self.merchant.post("/api/v1/imports").body("text/csv", file.into()).send().await
    }

    /// Imports `products`, with which nothing is wrong, and answers the report.
    pub async fn import(&self, products: &[Product]) -> Value {
        let report = self.import_file(file(Generation::Newer, products)).await.expect(200).json();
        assert_eq!(report["errorCount"], 0, "{report}");
        report
    }

    pub async fn product(&self, id_or_handle: &str) -> Value {
        self.shopper.get(&format!("/api/v1/products/{id_or_handle}")).send().await.expect(200).json()
    }

    pub async fn first_variant(&self, handle: &str) -> Sold {
        let product = self.product(handle).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Sold { handle: handle.to_owned(), product: text(&product["id"]), variant: text(&product["variants"][0]["id"]) }
    }

    /// The ids of a product's variants, in their order.
    pub async fn variants(&self, handle: &str) -> Vec<String> {
        let product = self.product(handle).await;
        let variants = product["variants"].as_array().unwrap().iter();
        variants.map(|variant| variant["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Units left of a product's variants, in their order; -1 where they are not counted.
    pub async fn stock(&self, handle: &str) -> Vec<i64> {
        let product = self.product(handle).await;
        let variants = product["variants"].as_array().unwrap().iter();
        variants.map(|variant| variant["availability"]["quantity"].as_i64().unwrap_or(-1)).collect()
    }

    /// The id of a new cart.
    pub async fn new_cart(&self) -> String {
        let cart = self.shopper.post("/api/v1/cart").send().await.expect(201).json();
        cart["id"].as_str().unwrap().to_owned()
    }

    pub async fn add(&self, cart: &str, variant: &str, quantity: i64) -> Answer {
        let body = json!({ "variantId": variant, "quantity": quantity });
        self.shopper.post(&format!("/api/v1/cart/{cart}/items")).json(&body).send().await
    }

    /// A new cart with these units of these variants.
    pub async fn filled_cart(&self, lines: &[(&str, i64)]) -> String {
        let cart = self.new_cart().await;
        for (variant, quantity) in lines {
            self.add(&cart, variant, *quantity).await.expect(200);
        }
        cart
    }

    pub async fn cart(&self, cart: &str) -> Value {
        self.shopper.get(&format!("/api/v1/cart/{cart}")).send().await.expect(200).json()
    }

    /// Opens a checkout of `cart` for a good address.
    pub async fn open(&self, cart: &str) -> Answer {
        self.shopper.post("/api/v1/checkouts").json(&order_form(cart)).send().await
    }

    /// The id of a checkout of a new cart with these lines.
    pub async fn opened(&self, lines: &[(&str, i64)]) -> String {
        let checkout = self.open(&self.filled_cart(lines).await).await.expect(201).json();
        checkout["id"].as_str().unwrap().to_owned()
    }

    /// Completes a checkout on account, as a shopper.
    pub async fn complete(&self, checkout: &str, idempotency_key: &str) -> Answer {
        self.complete_by(&self.shopper, checkout, idempotency_key, "on-account").await
    }

    /// Comes back when it is told to: what other stories change in the same shop may be in the way for a moment.
    pub async fn complete_by(&self, client: &Client, checkout: &str, idempotency_key: &str, method: &str) -> Answer {
        let mut tries = 0;
        loop {
            let answer = client
                .post(&format!("/api/v1/checkouts/{checkout}/complete"))
                .header("idempotency-key", idempotency_key)
                .json(&json!({ "payment": { "provider": "manual", "method": method } }))
                .send()
                .await;
            tries += 1;
            if answer.status != 503 || answer.json()["code"] != "contended" || tries == 4 {
                return answer;
            }
            tokio::time::sleep(Duration::from_secs(answer.the("retry-after").parse().unwrap())).await;
        }
    }
}

/// A good body for `POST /api/v1/checkouts`.
pub fn order_form(cart: &str) -> Value {
    json!({
        "cartId": cart,
        "email": "ada@example.com",
        "shippingAddress": {
            "name": "Ada Lovelace",
            "line1": "12 St James's Square",
            "city": "London",
            "postalCode": "SW1Y 4JH",
            "countryCode": "GB",
        },
    })
}
