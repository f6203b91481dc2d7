//! A merchant looks at an order.

use crate::product_file::Product;
use crate::world::World;

pub async fn an_order_is_for_the_merchant_only(world: World) {
    let sold = world.sell("for-the-merchant", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let placed = world.ours.complete(&checkout, &world.name("for-the-merchant")).await.expect(201);
    let read = world.ours.merchant.get(placed.the("location")).send().await.expect(200);
    assert_eq!(read.body, placed.body);
    let refused = world.ours.shopper.get(placed.the("location")).send().await.expect_problem(403, "missing-scope");
    assert_eq!(refused.json()["scope"], "orders:read");
    for missing in ["ord_01h455vb4pex5vsknk084sn02q", "nonsense", &checkout] {
        world.ours.merchant.get(&format!("/api/v1/orders/{missing}")).send().await.expect_problem(404, "not-found");
    }
}

pub async fn an_order_never_changes(world: World) {
    let sold = world.sell("immutable", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    let placed = world.ours.complete(&checkout, &world.name("immutable")).await.expect(201);
    let read = async || world.ours.merchant.get(placed.the("location")).send().await.expect(200);
    let renamed = Product::new(&sold.handle, "Another title")
        .variant(crate::product_file::Variant::new(&world.name("another-sku"), "99.99").stock(0));
    world.ours.import(&[renamed]).await;
    assert_eq!(read().await.body, placed.body);
    // Not even when the variant is gone and the product withdrawn.
    let emptied = Product::new(&sold.handle, "Another title")
        .status("archived")
        .option_names(&["Size"])
        .variant(crate::product_file::Variant::new(&world.name("third-sku"), "1").options(&["M"]));
    world.ours.import(&[emptied]).await;
    assert_eq!(read().await.body, placed.body);
    assert_eq!(read().await.json()["lines"][0]["unitPrice"]["amount"], "10.00");
}
