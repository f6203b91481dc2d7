//! Afterwards everything adds up.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use headlesspro_edge::payments::sweep_all;
use headlesspro_edge::port::sql::{Commit, Sql, Statement, Value as SqlValue};
use serde_json::Value;

use crate::arena::Arena;
use crate::books;
use crate::eventually::eventually;
use crate::shoppers::{Bought, Furnished};

/// How long the sweeper may take, once the buyers' time is over.
const SWEPT_WITHIN: Duration = Duration::from_secs(120);

/// The time that buyers have to pay is over.
const IS_OVER: &str = "UPDATE payment SET due_at = 1, ends_at = 1 WHERE organization_id = ?1 AND provider_id IS NOT NULL AND due_at IS NOT NULL";

const UNDECIDED: &str = "SELECT count(*) FROM orders WHERE organization_id = ?1 AND state = 'pending'";

/// Payments of which the sandbox has taken money twice, for no order, or not what the order comes to; or the order of which
/// says something else than it.
const WRONGLY_PAID: &str = "SELECT count(*) FROM payment p
  JOIN orders o ON o.organization_id = p.organization_id AND o.id = p.order_id
  LEFT JOIN sandbox_payment s ON s.organization_id = p.organization_id AND s.id = p.id
  WHERE p.organization_id = ?1 AND p.provider_id IS NOT NULL AND NOT iif(o.state = 'cancelled',
    coalesce(s.captured_minor, 0) = 0 AND p.captured_minor = 0,
    o.state = 'confirmed' AND s.charges = 1 AND s.captured_minor = p.amount_minor AND p.captured_minor = p.amount_minor
      AND o.payment_state = 'captured')";

async fn count(sql: &dyn Sql, text: &str, organization: &str) -> i64 {
    let rows = sql.read(vec![Statement::new(text.to_owned()).bind(organization)]).await.unwrap();
    let rows = rows.first().unwrap();
    let row = rows.first().unwrap();
    match row.values {
        [SqlValue::Integer(count)] => *count,
        ref other => panic!("{other:?}"),
    }
}

/// Every order that waits for its payment is decided, when its time is over: by the sweeper of `hp dev`, and for a worker
/// by ours, which nobody's cron is.
async fn decide(arena: &Arena) {
    let (sql, organization) = (arena.sql(), arena.organization());
    let mut commit = Commit::new();
    commit.push(Statement::new(IS_OVER).bind(organization.as_str()));
    // For some seconds sqld keeps locked what a killed one was about to write.
    eventually("end of all time to pay", SWEPT_WITHIN, async || sql.commit(&commit).await.ok()).await;
    let app = arena.sweeper();
    eventually("decision on every order", SWEPT_WITHIN, async || {
        if let Some(app) = &app {
            // As a cron: what does not answer is asked again.
            let _may_be_locked = sweep_all(app).await;
        }
        (count(&*sql, UNDECIDED, &organization).await == 0).then_some(())
    })
    .await;
    assert_eq!(count(&*sql, WRONGLY_PAID, &organization).await, 0, "an order and the money for it are out of step");
}

/// What never changes of an order.
fn purchase(order: &Value) -> Value {
    let lasting = ["id", "number", "checkoutId", "lines", "deliveries", "total", "totals", "tenders", "placedAt"];
    lasting.iter().map(|name| order[name].clone()).collect()
}

/// Everybody has what they were told of, and nobody anything else; no unit and no cent is lost or made.
pub async fn check(arena: Arena, shop: &Furnished, bought: &Bought) {
    decide(&arena).await;
    let merchant = &arena.world.ours.merchant;
    let mut called_off = 0;
    let mut ids = BTreeSet::new();
    let mut sold: BTreeMap<String, i64> = BTreeMap::new();
    let mut paid_by_card: i64 = 0;
    for told in bought.orders() {
        let kept = merchant.get(told.the("location")).send().await.expect(200);
        let order = told.json();
        if order["state"] == "pending" {
            assert_eq!(purchase(&kept.json()), purchase(&order), "what is kept is not what was told");
        } else {
            assert_eq!(kept.body, told.body, "what is kept is not what was told");
        }
        assert!(ids.insert(order["id"].as_str().unwrap().to_owned()), "one order for two purchases: {order}");
        if kept.json()["state"] == "cancelled" {
            called_off += 1;
            continue;
        }
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
        "{}: {orders} orders, {called_off} of them called off, {} units, {paid_by_card} cents by gift card: all adds up",
        arena.name,
        sold.values().sum::<i64>()
    );
}

fn cents(money: &Value) -> i64 {
    money["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}
