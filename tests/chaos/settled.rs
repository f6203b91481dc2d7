//! Afterwards everything adds up.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::arena::Arena;
use crate::books;
use crate::shoppers::{Bought, Furnished};

/// Everybody has what they were told of, byte for byte, and nobody anything else; no unit and no cent is lost or made.
pub async fn check(arena: Arena, shop: &Furnished, bought: &Bought) {
    let merchant = &arena.world.ours.merchant;
    let mut ids = BTreeSet::new();
    let mut sold: BTreeMap<String, i64> = BTreeMap::new();
    let mut paid_by_card: i64 = 0;
    for told in bought.orders() {
        let kept = merchant.get(told.the("location")).send().await.expect(200);
        assert_eq!(kept.body, told.body, "what is kept is not what was told");
        let order = told.json();
        assert!(ids.insert(order["id"].as_str().unwrap().to_owned()), "one order for two purchases: {order}");
        for line in order["lines"].as_array().unwrap() {
            *sold.entry(line["variantId"].as_str().unwrap().to_owned()).or_default() +=
                line["quantity"].as_i64().unwrap();
        }
        let tenders = order["tenders"].as_array().into_iter().flatten();
        paid_by_card += tenders.map(|tender| cents(&tender["amount"])).sum::<i64>();
    }
    assert!(!ids.is_empty(), "nobody has bought anything");

    for (variant, handle, units) in &shop.stock {
        let (left, sold) = (arena.world.ours.stock(handle).await, sold.get(variant).copied().unwrap_or_default());
        assert_eq!(left, [units - sold], "of {units} units of {handle} {sold} were sold");
    }
    let mut left_on_cards = 0;
    for (id, _) in &shop.cards {
        let card = merchant.get(&format!("/api/v1/gift-cards/{id}")).send().await.expect(200).json();
        left_on_cards += cents(&card["balance"]);
    }
    let issued = i64::try_from(shop.cards.len()).unwrap() * 4_000;
    assert_eq!(left_on_cards, issued - paid_by_card, "{issued} were issued and {paid_by_card} spent");

    let books = books::read(&*arena.sql(), &arena.organization()).await;
    let orders = i64::try_from(ids.len()).unwrap();
    assert_eq!(
        (books.orders, books.placed_events, books.answers_kept, books.completed_checkouts, books.audited),
        (orders, orders, orders, orders, orders),
        "one order for each purchase that was told of one"
    );
    for verify in [["audit", "verify"], ["ledger", "verify"]] {
        let hp = Command::new(env!("CARGO_BIN_EXE_hp")).args(verify).args(&arena.named).output().unwrap();
        assert!(hp.status.success(), "{verify:?}: {hp:?}");
    }
    println!(
        "{}: {orders} orders, {} units, {paid_by_card} cents by gift card: all adds up",
        arena.name,
        sold.values().sum::<i64>()
    );
}

fn cents(money: &Value) -> i64 {
    money["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}
