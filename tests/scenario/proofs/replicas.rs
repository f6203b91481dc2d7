//! A database with a replica near the shopper: it answers the reads, and is behind for a moment.

use serde_json::json;

use crate::app::{Kind, Stage};
use crate::product_file::{Generation, Product, file};

const WRITES: usize = 40;

pub fn whoever_has_written_reads_it_from_a_replica(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let replica = stage.with_sqld(|sqld| sqld.replica());
        let organization = stage.our_organization().parse().unwrap();
        let isolate = stage.isolate_with(organization, &replica.url()).await;
        let near = stage.world_of(&isolate);
        let handle = world.name("replicated");
        let path = format!("/api/v1/products/{handle}");
        let mut was_behind = 0;
        for number in 1..=WRITES {
            let product = Product::simple(&handle, &number.to_string(), 5);
            let written = world.ours.import_file(file(Generation::Newer, &[product])).await.expect(200);
            let version = written.the("catalog-version");
            let read = near.ours.shopper.get(&path).of_any_version().header("min-version", version);
            let read = read.send().await.expect(200);
            let price = json!(format!("{number}.00"));
            assert_eq!(read.json()["priceRange"]["min"]["amount"], price, "{read}");
            was_behind += u32::from(1 < read.spent().sql);
        }
        println!("{kind}: {WRITES} writes read at once from a replica, which was behind {was_behind} of them");
    });
}
