//! The requests of a shopper, as bytes.

use serde_json::{Value, json};

use crate::Outcome;
use crate::load::{Requests, collect};
use crate::products::{self, Catalog, Random};
use crate::target::Target;

/// What is asked, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    Hello,
    /// With a shopper's key, as a shop is asked: most answers are kept.
    Product,
    List,
    /// Of a few products, all of which are kept.
    ProductKept,
    /// With the merchant's key, read from the database each time.
    ProductRead,
    ListRead,
    /// A category, or what has a tag, within a range of prices.
    Filtered,
    /// A page far down a list, by its cursor.
    DeepPage,
    RuleCollection,
    CartAdd,
    Checkout,
    /// A problem that nobody is verified for.
    NoRoute,
    /// A problem told to who shows an access token that the server remembers.
    Verified,
    /// The same with one that it does not, of a session that it knows.
    VerifiedNext,
    /// The same with one of a session that it has not heard of lately.
    VerifiedAnew,
    LogIn,
    Refresh,
}

impl Request {
    /// What the hosts are compared by.
    pub const COMPARED: [Request; 14] = [
        Request::Hello,
        Request::Product,
        Request::List,
        Request::ProductKept,
        Request::ProductRead,
        Request::ListRead,
        Request::CartAdd,
        Request::Checkout,
        Request::NoRoute,
        Request::Verified,
        Request::VerifiedNext,
        Request::VerifiedAnew,
        Request::LogIn,
        Request::Refresh,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Request::Hello => "hello",
            Request::Product => "product by handle",
            Request::List => "list of 20",
            Request::ProductKept => "product, kept",
            Request::ProductRead => "product, read now",
            Request::ListRead => "list, read now",
            Request::Filtered => "filtered by price",
            Request::DeepPage => "page 500",
            Request::RuleCollection => "collection by rule",
            Request::CartAdd => "cart add",
            Request::Checkout => "checkout",
            Request::NoRoute => "404, no token",
            Request::Verified => "422, one token",
            Request::VerifiedNext => "422, next tokens",
            Request::VerifiedAnew => "422, new tokens",
            Request::LogIn => "login",
            Request::Refresh => "refresh",
        }
    }
}

/// Enough carts that none grows out of its limits while it is measured.
const CARTS: usize = 256;
/// Different variants that are put into carts.
const VARIANTS: usize = 3;
/// Checkouts made of one cart.
const CHECKOUTS_OF_A_CART: usize = 20;
/// Pages of the list that are asked for in turn.
const PAGES: usize = 10;

/// Builds the requests for one target.
pub struct Shop<'a> {
    target: &'a Target,
}

impl Shop<'_> {
    pub fn new(target: &Target) -> Shop<'_> {
        Shop { target }
    }

    pub fn hello(&self) -> Requests {
        Requests::new(200, vec![self.request("GET", "/healthz", &[], None)])
    }

    pub fn no_route(&self) -> Requests {
        Requests::new(404, vec![self.request("GET", "/api/v1/nothing", &[], None)])
    }

    /// Products of `catalog` by their handles, `count` of them at random.
    pub fn products(&self, catalog: Catalog, handle: impl Fn(usize) -> String, count: usize) -> Requests {
        let path = |handle: String| format!("/api/v1/products/{handle}");
        let mut random = Random(7);
        let paths = (0..count).map(|_| path(handle(random.index(catalog.products))));
        Requests::new(200, paths.map(|path| self.request("GET", &path, &[], None)).collect())
    }

    /// The same reads, none of which is answered with what is kept.
    pub fn read_now(&self, kept: &Requests) -> Requests {
        let merchant = format!("Bearer {}\r\ncache-control: no-cache", self.target.secret_key);
        let shopper = format!("Bearer {}", self.target.publishable_key);
        let as_merchant =
            |request: &Vec<u8>| String::from_utf8_lossy(request).replace(&shopper, &merchant).into_bytes();
        Requests::new(200, kept.all.iter().map(as_merchant).collect())
    }

    /// The first pages of the newest products, 20 on each.
    pub async fn lists(&self) -> Outcome<Requests> {
        self.pages("/api/v1/products?limit=20", 1, PAGES).await
    }

    /// `count` pages of the list at `path`, which has a query, from page `first` on, counted from 1.
    pub async fn pages(&self, path: &str, first: usize, count: usize) -> Outcome<Requests> {
        let mut all = Vec::new();
        let mut at = path.to_owned();
        for number in 1..first.saturating_add(count) {
            let request = self.request("GET", &at, &[], None);
            let page = self.ask(200, vec![request.clone()]).await?;
            let page = page.first().ok_or("the list has no answer")?;
            if first <= number {
                all.push(request);
            }
            match text(page, "/nextCursor") {
                Ok(cursor) => at = format!("{path}&cursor={cursor}"),
                // The last one.
                Err(_) if !all.is_empty() => break,
                Err(reason) => return Err(reason),
            }
        }
        Ok(Requests::new(200, all))
    }

    pub async fn cart_adds(&self) -> Outcome<Requests> {
        let variants = self.variants(VARIANTS).await?;
        let carts = self.carts(CARTS).await?;
        let mut all = Vec::new();
        for variant in &variants {
            for cart in &carts {
                all.push(self.add(cart, variant));
            }
        }
        Ok(Requests::new(200, all))
    }

    /// Completes `count` checkouts of so many lines by `payment`; they are made ready here. Each can be sent once.
    pub async fn checkouts(&self, count: usize, lines: usize, payment: &Value) -> Outcome<Requests> {
        let variants = self.variants(lines).await?;
        let carts = self.carts(count.div_ceil(CHECKOUTS_OF_A_CART)).await?;
        let adds = carts.iter().flat_map(|cart| variants.iter().map(|variant| self.add(cart, variant)));
        self.ask(200, adds.collect()).await?;
        let address = json!({ "name": "Ada Buyer", "line1": "1 Mill Lane", "city": "Aarhus", "postalCode": "8000",
            "countryCode": "DK" });
        let opens = (0..count).zip(carts.iter().cycle()).map(|(_, cart)| {
            let body = json!({ "cartId": cart, "email": "ada@example.com", "shippingAddress": address });
            self.request("POST", "/api/v1/checkouts", &[], Some(&body))
        });
        let opened = self.ask(201, opens.collect()).await?;
        let payment = json!({ "payment": payment });
        let complete = |checkout: &Value| {
            let id = text(checkout, "/id")?;
            let key = format!("idempotency-key: bench-{id}");
            Ok::<_, String>(self.request("POST", &format!("/api/v1/checkouts/{id}/complete"), &[&key], Some(&payment)))
        };
        Ok(Requests::new(201, opened.iter().map(complete).collect::<Result<_, _>>()?))
    }

    fn add(&self, cart: &str, variant: &str) -> Vec<u8> {
        let body = json!({ "variantId": variant, "quantity": 1 });
        self.request("POST", &format!("/api/v1/cart/{cart}/items"), &[], Some(&body))
    }

    async fn carts(&self, count: usize) -> Outcome<Vec<String>> {
        let create = self.request("POST", "/api/v1/cart", &[], Some(&json!({})));
        let carts = self.ask(201, vec![create; count]).await?;
        carts.iter().map(|cart| text(cart, "/id")).collect()
    }

    async fn variants(&self, count: usize) -> Outcome<Vec<String>> {
        let product = |number| format!("/api/v1/products/{}", products::handle(number));
        let asked = (0..count).map(|number| self.request("GET", &product(number), &[], None)).collect();
        let products = self.ask(200, asked).await?;
        products.iter().map(|product| text(product, "/variants/0/id")).collect()
    }

    /// Sends each once and reads the answers.
    pub async fn ask(&self, status: u16, all: Vec<Vec<u8>>) -> Outcome<Vec<Value>> {
        let bodies = collect(self.target.address, Requests::new(status, all)).await?;
        bodies.iter().map(|body| serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))).collect()
    }

    pub fn request(&self, method: &str, path: &str, headers: &[&str], body: Option<&Value>) -> Vec<u8> {
        self.request_as(&self.target.publishable_key, method, path, headers, body)
    }

    /// With another credential than the shop's key.
    pub fn request_as(
        &self,
        credential: &str,
        method: &str,
        path: &str,
        headers: &[&str],
        body: Option<&Value>,
    ) -> Vec<u8> {
        let address = self.target.address;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\nauthorization: Bearer {credential}\r\n"
        );
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        match body.map(Value::to_string) {
            None => head.push_str("\r\n"),
            Some(body) => {
                head.push_str(&format!(
                    "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                ));
            }
        }
        head.into_bytes()
    }
}

pub fn text(value: &Value, pointer: &str) -> Outcome<String> {
    let text = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("{pointer} is missing in {value}"))
}
