//! Checkouts and carts whose time is over.

use headlesspro_edge::port::kv::{Command, Reply};
use headlesspro_edge::port::sql::{Commit, Committed, Statement};
use serde_json::{Value, json};

use super::books;
use super::members::tenant_of;
use crate::app::{Kind, Stage};
use crate::world::{World, order_form};

const MOVE_END: &str = "UPDATE checkout SET expires_at = created_at + ?3 WHERE organization_id = ?1 AND id = ?2";

pub fn an_expired_checkout_sells_nothing(stage: &Stage, _: Kind) {
    stage.run(prove(stage, stage.world()));
}

async fn prove(stage: &Stage, world: World) {
    let sold = world.sell("late", "3", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    let path = format!("/api/v1/checkouts/{checkout}");

    ends_after(stage, &checkout, 0).await;
    // The buyer tries again with the same key, and the merchant may no more than the buyer.
    for (client, method) in
        [(&world.ours.shopper, "on-account"), (&world.ours.shopper, "on-account"), (&world.ours.merchant, "paid")]
    {
        let answer = world.ours.complete_by(client, &checkout, &world.name(method), method).await;
        answer.expect_problem(409, "checkout-expired");
    }
    assert_eq!(world.ours.stock(&sold.handle).await, [5]);
    assert_eq!(world.ours.shopper.get(&path).send().await.expect(200).json()["state"], "open");
    assert_eq!(books::read(stage.sql(), stage.our_organization()).await.orders, 0);

    // A refusal is not kept: had the time not been over, the same request would have been good.
    ends_after(stage, &checkout, 3_600_000).await;
    world.ours.complete(&checkout, &world.name("on-account")).await.expect(201);
    assert_eq!(world.ours.stock(&sold.handle).await, [3]);
    assert_eq!(books::read(stage.sql(), stage.our_organization()).await, books::Books::of(1));
}

/// What was answered to an opening is answered again, whatever has become of the cart.
pub fn an_expired_carts_opening_is_answered_again(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.sell("gone-cart", "3", 5).await;
        let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
        let form = order_form(&cart);
        let open = async |key: &str, form: &Value| {
            world.ours.shopper.post("/api/v1/checkouts").header("idempotency-key", key).json(form).send().await
        };
        let key = world.name("opening");
        let opened = open(&key, &form).await.expect(201);

        expire(stage, &world, &cart).await;
        world.ours.shopper.get(&format!("/api/v1/cart/{cart}")).send().await.expect_problem(404, "not-found");
        let again = open(&key, &form).await.expect(201);
        assert!(again.is_replayed() && again.body == opened.body, "{again}");
        assert_eq!(again.the("location"), opened.the("location"));
        // Another request with its key is refused as such, and one that was never answered by its cart.
        let mut other = form.clone();
        other["email"] = json!("eve@example.com");
        let reused = open(&key, &other).await.expect_problem(422, "idempotency-key-reused");
        assert_eq!(reused.places(), ["Idempotency-Key:"]);
        for unanswered in [open(&world.name("another"), &form).await, world.ours.open(&cart).await] {
            assert_eq!(unanswered.expect_problem(422, "invalid-request").places(), ["#/cartId"]);
        }
        let checkout = opened.json()["id"].as_str().unwrap().to_owned();
        world.ours.complete(&checkout, &world.name("order")).await.expect(201);
        assert_eq!(world.ours.stock(&sold.handle).await, [3]);
    });
}

/// Does to a cart what its time does.
async fn expire(stage: &Stage, world: &World, cart: &str) {
    let tenant = tenant_of(&world.ours);
    let key = format!("hp:{{{}:{}}}:{cart}", tenant.organization, tenant.store);
    assert_eq!(stage.app().kv.command(Command::new(["DEL", &key])).await, Ok(Reply::Integer(1)), "{key}");
}

/// Gives a checkout this many milliseconds from its opening.
async fn ends_after(stage: &Stage, checkout: &str, millis: i64) {
    let mut commit = Commit::new();
    commit.push(Statement::new(MOVE_END).bind(stage.our_organization()).bind(checkout).bind(millis));
    assert!(matches!(stage.sql().commit(&commit).await.unwrap(), Committed::Done { .. }));
}
