//! Files that are no product files, or try to be more.

use super::texts::STATEMENTS;
use crate::product_file::{Generation, Product, Variant, file};
use crate::world::World;

pub async fn no_file_breaks_the_import(world: World) {
    let header = "Handle,Title,Variant SKU,Variant Price,Tags,Image Src\n";
    let row = |cells: &str| format!("{header}{cells}\n").into_bytes();
    let mark = &world.mark;
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("a PNG", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR".to_vec()),
        ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec()),
        ("zeros", vec![0; 100_000]),
        ("newlines", vec![b'\n'; 100_000]),
        ("commas", vec![b','; 100_000]),
        ("quotes", vec![b'"'; 99_999]),
        ("a quote that never ends", row(&format!("{mark}-q,\"{}", "x,\n".repeat(50_000)))),
        ("a row of 3 MB", row(&format!("{mark}-r,{},s,1,,", "x".repeat(3_000_000)))),
        ("ten thousand columns", format!("Handle,Title,Price{}\na,b,1\n", ",c".repeat(10_000)).into_bytes()),
        ("a short row", row(&format!("{mark}-s,Tent"))),
        ("a long row", row(&format!("{mark}-l,Tent,s,1,,,,,,,x"))),
        ("a NUL in a title", row(&format!("{mark}-n,a\u{0}b,{mark}-n,1,,"))),
        ("no handle", row(",Tent,s,1,,")),
        ("a handle of signs", row(&format!("../{mark}/%00,Tent,{mark}-h,1,,"))),
        ("a handle of 10 KB", row(&format!("{},Tent,s,1,,", "h".repeat(10_000)))),
        ("a huge price", row(&format!("{mark}-p,Tent,{mark}-p,99999999999999999999999999,,"))),
        ("the largest amount", row(&format!("{mark}-a,Tent,{mark}-a,92233720368547758.07,,"))),
        ("a price above the highest", row(&format!("{mark}-o,Tent,{mark}-o,10000000000.01,,"))),
        ("the highest price", row(&format!("{mark}-m,Tent,{mark}-m,10000000000.00,,"))),
        ("a price in exponents", row(&format!("{mark}-e,Tent,{mark}-e,1e3,,"))),
        ("a thousand tags", row(&format!("{mark}-t,Tent,{mark}-t,1,\"{}\",", "t,".repeat(1_000)))),
        ("a script for an image", row(&format!("{mark}-i,Tent,{mark}-i,1,,javascript:alert(1)"))),
        ("JSON", b"{\"products\":[]}".to_vec()),
    ];
    for (name, file) in files {
        let answer = world.ours.import_file(file).await;
        match answer.status {
            200 => {
                let report = answer.json();
                let told = report["errorCount"].as_u64().unwrap() + report["warnings"].as_array().unwrap().len() as u64;
                let done = report["products"]["created"].as_u64().unwrap();
                assert!(0 < told + done, "{name}: {report}");
            }
            _ => {
                let answer = answer.expect_problem(422, "file-not-importable");
                assert!(answer.body.len() < 5_000, "{name}: {answer}");
            }
        }
    }
    for name in ["p", "a", "o"] {
        world.ours.shopper.get(&format!("/api/v1/products/{mark}-{name}")).send().await.expect(404);
    }
    // A full line of the dearest goods is still counted, and sold.
    let dearest = world.ours.first_variant(&format!("{mark}-m")).await.variant;
    let cart = world.ours.filled_cart(&[(&dearest, 9_999)]).await;
    let opened = world.ours.open(&cart).await.expect(201).json();
    assert_eq!(opened["total"]["amount"], "99990000000000.00", "{opened}");
    world.ours.complete(opened["id"].as_str().unwrap(), &world.name("dearest")).await.expect(201);
}

pub async fn statements_in_cells_are_texts(world: World) {
    let products: Vec<Product> = STATEMENTS
        .iter()
        .enumerate()
        .map(|(at, statement)| {
            let line = statement.replace(['\r', '\n'], " ");
            let sku: String = format!("{}-{at} {line}", world.mark).chars().take(64).collect();
            Product::new(&world.name(&format!("cell-{at}")), &line)
                .body(statement)
                .vendor(&line)
                .tags(&format!("{line} {at}"))
                .category(&format!("{} {line}", world.mark))
                .option_names(&[&line])
                .variant(Variant::new(sku.trim(), "1").options(&[&line]))
        })
        .collect();
    for (generation, changed) in [(Generation::Older, 0), (Generation::Newer, 1)] {
        let report = world.ours.import_file(file(generation, &products)).await.expect(200).json();
        assert_eq!((&report["errorCount"], &report["products"]["failed"]), (&0.into(), &0.into()), "{report}");
        let expected = if changed == 0 { "created" } else { "unchanged" };
        assert_eq!(report["products"][expected], STATEMENTS.len(), "{report}");
    }
    for (at, statement) in STATEMENTS.iter().enumerate() {
        let line = statement.replace(['\r', '\n'], " ");
        let line = line.trim();
        let product = world.ours.product(&world.name(&format!("cell-{at}"))).await;
        assert_eq!(product["title"], line);
        assert_eq!(product["vendor"], line);
        assert_eq!(product["variants"][0]["title"], line);
        let listed = world.ours.shopper.get("/api/v1/products").query(&[("filter[vendor]", line)]).send().await;
        let listed = listed.expect(200).json();
        assert!(listed["items"].as_array().unwrap().iter().any(|item| item["id"] == product["id"]), "{line}");
    }
}
