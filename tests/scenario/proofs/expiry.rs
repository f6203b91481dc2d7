//! A checkout whose time is over.

use headlesspro_edge::port::sql::{Commit, Committed, Statement};

use super::books;
use crate::app::{Kind, Stage};
use crate::world::World;

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

/// Gives a checkout this many milliseconds from its opening.
async fn ends_after(stage: &Stage, checkout: &str, millis: i64) {
    let mut commit = Commit::new();
    commit.push(Statement::new(MOVE_END).bind(stage.our_organization()).bind(checkout).bind(millis));
    assert!(matches!(stage.sql().commit(&commit).await.unwrap(), Committed::Done { .. }));
}
