//! Orders that wait for a payment come to their end, whoever dies, and whatever is told how often.

use futures_util::stream::{self, StreamExt};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::payments::sweep_all;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::mac::hmac_sha256;
use headlesspro_edge::port::sql::{Commit, Committed, Rows, Statement};
use serde_json::{Value, json};

use crate::app::{Kind, Stage};
use crate::stories::payments::{SECRET, by, completed, refunded, sandbox, shown, states};
use crate::world::World;

/// What the sandbox has taken, and given back.
const TAKEN: &str =
    "SELECT charges, captured_minor, refunds FROM sandbox_payment WHERE organization_id = ?1 AND id = ?2";

pub const IS_DUE: &str = "UPDATE payment SET due_at = 1 WHERE organization_id = ?1 AND order_id = ?2";

pub const IS_OVER: &str = "UPDATE payment SET due_at = 1, ends_at = 1 WHERE organization_id = ?1 AND order_id = ?2";

pub async fn change(stage: &Stage, sql: &'static str, order: &Value) {
    let mut commit = Commit::new();
    commit.push(Statement::new(sql).bind(stage.our_organization()).bind(order["id"].as_str().unwrap()));
    assert!(matches!(stage.sql().commit(&commit).await.unwrap(), Committed::Done { .. }));
}

/// How often money was taken for an order, and how much.
async fn taken(stage: &Stage, order: &Value) -> (i64, i64) {
    let id = order["payment"]["id"].as_str().unwrap();
    let statement = Statement::new(TAKEN).bind(stage.our_organization()).bind(id);
    let rows = stage.sql().read(vec![statement]).await.unwrap();
    let row = rows.first().and_then(Rows::first);
    row.map_or((0, 0), |row| (row.get("charges").unwrap(), row.get("captured_minor").unwrap()))
}

async fn bought(world: &World, variant: &str, provider: &str, token: &str, name: &str) -> Value {
    let checkout = world.ours.opened(&[(variant, 1)]).await;
    completed(&world.ours, &checkout, &world.name(name), &by(provider, token)).await.expect(201).json()
}

/// Between the two commits of an order everything dies: the sweeper finds out what was charged, and what was not.
pub fn what_nobody_goes_on_with_is_decided_by_the_sweeper(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        let provider = sandbox(&world, "swept", "automatic").await;
        let sold = world.sell("swept", "10", 9).await;
        let mut orders = Vec::new();
        for (token, decided, stock) in [
            ("sandbox_lost_answer", json!(["confirmed", "captured", "captured"]), 0),
            ("sandbox_timeout", json!(["cancelled", "failed", "failed"]), 1),
            ("sandbox_declined", json!(["cancelled", "failed", "failed"]), 1),
            ("sandbox_action_ignored", json!(["cancelled", "failed", "failed"]), 1),
            ("sandbox_processing", json!(["confirmed", "captured", "captured"]), 0),
        ] {
            let before = world.ours.stock(&sold.handle).await;
            let order = bought(&world, &sold.variant, &provider, token, token).await;
            assert_eq!(order["state"], "pending", "{token}: {order}");
            // As long as the buyer has time, nothing is called off.
            change(stage, IS_DUE, &order).await;
            sweep_all(stage.app()).await.unwrap();
            let is_charged = decided[0] == "confirmed";
            assert_eq!(shown(&world.ours, &order).await["state"] == "pending", !is_charged, "{token}");
            change(stage, IS_OVER, &order).await;
            for _ in 0..2 {
                sweep_all(stage.app()).await.unwrap();
            }
            let order = shown(&world.ours, &order).await;
            assert_eq!(states(&order), decided, "{token}: {order}");
            assert_eq!(order["payment"].get("payableUntil"), None, "{order}");
            assert_eq!(taken(stage, &order).await, if is_charged { (1, 1_000) } else { (0, 0) }, "{token}");
            let after = world.ours.stock(&sold.handle).await;
            assert_eq!(after[0], before[0] - 1 + stock, "{token}");
            orders.push(order);
        }
    });
}

/// A hundred webhooks of five orders in whatever order, each event twice, while buyers come back as well.
pub fn a_hundred_webhooks_decide_each_order_once(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        let provider = sandbox(&world, "told", "automatic").await;
        let path = format!("/api/v1/payment-providers/{provider}");
        let webhook = world.ours.merchant.get(&path).send().await.expect(200).json()["webhookPath"].clone();
        let sold = world.sell("told", "10", 9).await;
        let mut orders = Vec::new();
        for at in 0..5 {
            let token = if at == 4 { "sandbox_action_failed" } else { "sandbox_action" };
            orders.push(bought(&world, &sold.variant, &provider, token, &format!("told-{at}")).await);
        }
        let tell = async |at: usize| {
            // Each of fifty events twice, far from each other.
            let (event, order) = (at * 37 % 50, &orders[at * 37 % 5]);
            let id = format!("evt_{event}");
            let body = json!({ "id": id, "type": "payment.updated", "paymentId": order["payment"]["id"] }).to_string();
            let second = SystemClock.now().millis() / 1_000;
            let signature = hex::encode(hmac_sha256(SECRET.as_bytes(), format!("{second}.{body}").as_bytes()));
            let call = world.nobody.post(webhook.as_str().unwrap());
            let call = call.header("hp-signature", format!("t={second},v1={signature}"));
            call.body("application/json", body).send().await.expect(204);
        };
        stream::iter(0..100).map(tell).buffer_unordered(20).collect::<Vec<_>>().await;
        for (at, order) in orders.iter().enumerate() {
            let order = shown(&world.ours, order).await;
            let (state, charged) = if at == 4 { ("pending", (0, 0)) } else { ("confirmed", (1, 1_000)) };
            assert_eq!(order["state"], state, "{order}");
            assert_eq!(taken(stage, &order).await, charged);
        }
    });
}

/// What is authorized is captured, let go and given back at once, by many.
pub fn what_is_done_at_once_never_gives_back_more_than_came(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        let provider = sandbox(&world, "at-once", "manual").await;
        let sold = world.sell("at-once", "10", 9).await;
        let order = bought(&world, &sold.variant, &provider, "sandbox_success", "at-once").await;
        assert_eq!(order["paymentState"], "authorized");
        let (shop, id) = (&world.ours, order["id"].as_str().unwrap());
        let part = json!({ "amount": { "amount": "4.00", "currency": "EUR" } });
        let act = async |at: usize| match at % 3 {
            0 => {
                let path = format!("/api/v1/orders/{id}/payment/capture");
                shop.merchant.post(&path).json(&json!({})).send().await.status
            }
            1 => refunded(shop, &order, &world.name(&format!("part-{at}")), &part).await.status,
            _ => shown(shop, &order).await["number"].as_i64().map_or(0, |_| 200),
        };
        let statuses: Vec<u16> = stream::iter(0..60).map(act).buffer_unordered(15).collect().await;
        assert!(statuses.iter().all(|status| [200, 201, 409].contains(status)), "{statuses:?}");
        for at in 0..3 {
            refunded(shop, &order, &world.name(&format!("last-{at}")), &part).await;
        }
        let path = format!("/api/v1/orders/{id}/refunds");
        let listed = shop.merchant.get(&path).send().await.expect(200).json();
        let given: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(given, ["succeeded", "succeeded"], "8.00 of 10.00, and no third: {listed}");
        let order = shown(shop, &order).await;
        assert_eq!(states(&order), json!(["confirmed", "partially-refunded", "partially-refunded"]));
        assert_eq!(taken(stage, &order).await, (1, 1_000));
    });
}
