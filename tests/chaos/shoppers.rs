//! Fifty shoppers who buy one thing after another, and do not give up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::buyers::{Buyer, Repeats};
use crate::client::{Answer, Call};
use crate::product_file::Product;
use crate::random::Random;
use crate::world::{Shop, World, order_form};

const SHOPPERS: u64 = 50;

/// What is sold, with the units there are: of the last ones there are too few for everybody.
const STOCK: [i64; 6] = [100_000, 100_000, 100_000, 100_000, 60, 25];

/// What the sandbox is paid with: most of it is money in the end, whatever becomes of the answers.
const TOKENS: [&str; 8] = [
    "sandbox_success",
    "sandbox_success",
    "sandbox_lost_answer",
    "sandbox_processing",
    "sandbox_webhook_first",
    "sandbox_action",
    "sandbox_timeout",
    "sandbox_declined",
];

const CARDS: usize = 8;
const ON_A_CARD: &str = "40.00";

/// What the shop begins with.
pub struct Furnished {
    /// Variants with their handles and units.
    pub stock: Vec<(String, String, i64)>,
    /// Gift cards: ids and codes.
    pub cards: Vec<(String, String)>,
    /// A payment provider's id: the sandbox.
    pub sandbox: String,
}

/// Fills the shop.
pub async fn furnish(world: &World) -> Furnished {
    let mut stock = Vec::new();
    for (at, units) in STOCK.into_iter().enumerate() {
        let handle = world.name(&format!("thing-{at}"));
        world.ours.import(&[Product::simple(&handle, "5.00", units)]).await;
        stock.push((world.ours.first_variant(&handle).await.variant, handle, units));
    }
    let mut cards = Vec::new();
    let card = json!({ "amount": { "amount": ON_A_CARD, "currency": "EUR" } });
    for _ in 0..CARDS {
        let card = world.ours.merchant.post("/api/v1/gift-cards").json(&card).send().await.expect(201).json();
        let text = |name: &str| card[name].as_str().unwrap().to_owned();
        cards.push((text("id"), text("code")));
    }
    let sandbox = json!({ "kind": "sandbox", "name": "Sandbox", "webhookSecret": "whsec_0123456789abcdef" });
    let sandbox = world.ours.merchant.post("/api/v1/payment-providers").json(&sandbox).send().await.expect(201).json();
    Furnished { stock, cards, sandbox: sandbox["id"].as_str().unwrap().to_owned() }
}

/// What one shopper was told of one purchase, for good.
pub enum Told {
    /// The order as it was answered, and where it is.
    Order(Answer),
    /// Not sold; the problem's code.
    Refused(String),
    /// The cart went with the Redis that kept it.
    CartGone,
}

/// What all shoppers were told.
pub struct Bought {
    pub told: Vec<Told>,
    repeats: String,
}

impl Bought {
    pub fn orders(&self) -> impl Iterator<Item = &Answer> {
        self.told.iter().filter_map(|told| match told {
            Told::Order(answer) => Some(answer),
            Told::Refused(_) | Told::CartGone => None,
        })
    }

    /// In words.
    pub fn told(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for told in &self.told {
            let what = match told {
                Told::Order(answer) if answer.is_replayed() => "orders whose first answer was lost",
                Told::Order(_) => "orders",
                Told::Refused(code) => code,
                Told::CartGone => "carts that were gone",
            };
            *counts.entry(what).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        format!("{} purchases: {}; {}", self.told.len(), counts.join(", "), self.repeats)
    }
}

/// The shoppers, each with numbers of their own.
pub struct Crowd<'a> {
    shop: &'a Shop,
    furnished: &'a Furnished,
    mark: &'a str,
    random: Random,
    is_over: AtomicBool,
}

impl<'a> Crowd<'a> {
    pub fn of(world: &'a World, furnished: &'a Furnished, random: &Random) -> Crowd<'a> {
        Crowd {
            shop: &world.ours,
            furnished,
            mark: &world.mark,
            random: random.clone(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Whoever is in the middle of a purchase ends it.
    pub fn goes_home(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Buys until it goes home.
    pub async fn buys(&self) -> Bought {
        let repeats = Repeats::default();
        let told = join_all((0..SHOPPERS).map(|number| self.shopper(number, &repeats))).await;
        Bought { told: told.into_iter().flatten().collect(), repeats: repeats.told() }
    }

    async fn shopper(&self, number: u64, repeats: &Repeats) -> Vec<Told> {
        let (mut random, mut told) = (self.random.of(number), Vec::new());
        while !self.is_over.load(Ordering::Relaxed) {
            let name = format!("{}-{number}-{}", self.mark, told.len());
            let buyer = Buyer { shop: self.shop, name, repeats };
            told.push(self.purchase(&buyer, &mut random).await);
        }
        told
    }

    async fn purchase(&self, buyer: &Buyer<'_>, random: &mut Random) -> Told {
        let post = |path: &str, step: &str| -> Call {
            self.shop.shopper.post(path).header("idempotency-key", format!("{}-{step}", buyer.name))
        };
        let cart = buyer.persist(|| post("/api/v1/cart", "cart")).await.expect(201).json();
        let cart = cart["id"].as_str().unwrap();
        for line in 0..=random.below(2) {
            let (variant, ..) = &self.furnished.stock[random.index(self.furnished.stock.len())];
            let item = json!({ "variantId": variant, "quantity": 1 + random.below(3) });
            let (path, step) = (format!("/api/v1/cart/{cart}/items"), format!("item-{line}"));
            let added = buyer.persist(|| post(&path, &step).json(&item)).await;
            if let Some(refusal) = refusal(added) {
                return refusal;
            }
        }
        let opened = buyer.persist(|| post("/api/v1/checkouts", "open").json(&order_form(cart))).await;
        if opened.status != 201 {
            return refusal(opened).unwrap();
        }
        let checkout = opened.json();
        let body = self.payment(random);
        let path = format!("/api/v1/checkouts/{}/complete", checkout["id"].as_str().unwrap());
        let completed = buyer.persist(|| post(&path, "complete").json(&body)).await;
        if completed.status == 201 { Told::Order(completed) } else { refusal(completed).unwrap() }
    }

    /// Every second by a provider. Every fourth pays a part with a gift card that others have, too.
    fn payment(&self, random: &mut Random) -> Value {
        let mut body = json!({ "payment": { "provider": "manual", "method": "on-account" } });
        if random.below(2) == 0 {
            let token = TOKENS[random.index(TOKENS.len())];
            body = json!({ "payment": { "provider": self.furnished.sandbox, "token": token } });
        }
        if random.below(4) == 0 {
            let (_, code) = &self.furnished.cards[random.index(self.furnished.cards.len())];
            body["giftCards"] = json!([code]);
        }
        body
    }
}

/// Why it goes no further, where it does not.
fn refusal(answer: Answer) -> Option<Told> {
    match answer.status {
        200 | 201 => None,
        404 => Some(Told::CartGone),
        409 | 422 => Some(Told::Refused(answer.code())),
        _ => panic!("{answer}"),
    }
}
