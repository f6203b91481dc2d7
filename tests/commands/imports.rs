//! `hp import`, of both generations of a product file, into a data folder and into a libSQL server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_edge::port::sql::{Sql, Statement};
use serde_json::{Value, json};

use crate::databases::new_store;
use crate::product_file::{Generation, Product, Variant, file};
use crate::program::{Dev, hp, run};
use crate::sqld::Sqld;

/// A file of `products` in `folder`.
fn written(folder: &Path, name: &str, generation: Generation, products: &[Product]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, file(generation, products)).unwrap();
    path
}

/// The report of an import with which nothing is wrong.
fn report(file: &Path, to: &[&str]) -> Value {
    let said = run(hp(&["import", "--json"]).arg(file).args(to)).ok();
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&report["errorCount"], &report["warnings"]), (&json!(0), &json!([])), "{report}");
    report
}

/// Imports what the older header names, then the same and one more by the newer header.
fn takes_both_generations(folder: &Path, to: &[&str]) {
    let [mug, cup, pot] = ["mug", "cup", "pot"].map(|handle| Product::simple(handle, "12", 5));
    let older = written(folder, "older.csv", Generation::Older, &[mug.clone(), cup.clone()]);
    let newer = written(folder, "newer.csv", Generation::Newer, &[mug, cup, pot]);

    // A dry run says what would be, twice, since it changes nothing.
    for _ in 0..2 {
        let would_be = report(&older, &[to, &["--dry-run"]].concat());
        assert_eq!((&would_be["dryRun"], &would_be["products"]["created"]), (&json!(true), &json!(2)), "{would_be}");
    }
    let said = run(hp(&["import", "--dry-run"]).arg(&older).args(to)).ok();
    assert!(said.starts_with("Nothing written (dry run). Would be: 2 created,"), "{said}");

    let said = run(hp(&["import"]).arg(&older).args(to)).ok();
    assert!(said.starts_with("Imported: 2 created, 0 updated, 0 unchanged, 0 left out; 2 variants written"), "{said}");
    let again = report(&newer, to);
    let products = json!({ "created": 1, "updated": 0, "unchanged": 2, "failed": 0 });
    assert_eq!((&again["dryRun"], &again["products"]), (&json!(false), &products), "{again}");
    assert_eq!(report(&newer, to)["products"]["unchanged"], 3);

    // What is wrong with a row is said, and the rest goes in.
    let rows = [Product::simple("jug", "1,234.50", 1), Product::simple("bowl", "3", 1)];
    let half = written(folder, "half.csv", Generation::Older, &rows);
    let ended = run(hp(&["import"]).arg(&half).args(to));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("1 created") && ended.stdout.contains("line 2, Variant Price"), "{ended:?}");
    let ended = run(hp(&["import", "--json"]).arg(&half).args(to));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &report["errors"][0]["line"]), (Some(1), &json!(2)), "{report}");
}

/// The catalog's copies of the stock, of new products and after another import of the same ones.
fn copies_are_what_the_stock_says(folder: &Path, url: &str) {
    let set = |stock: [i64; 3]| {
        let variants = [
            Variant::new("S-1", "1").options(&["1"]).stock(stock[0]),
            Variant::new("S-2", "1").options(&["2"]).stock(stock[1]),
            Variant::new("S-3", "1").options(&["3"]).stock(stock[2]).continue_selling(),
            Variant::new("S-4", "1").options(&["4"]).uncounted(),
        ];
        variants.into_iter().fold(Product::new("set", "Set").option_names(&["Size"]), Product::variant)
    };
    let gone = |units| Product::simple("gone", "1", units);
    let wrong = "SELECT (SELECT count(*) FROM variant v LEFT JOIN stock s ON s.variant_id = v.id
        WHERE (v.available, v.sellable, v.continue_selling)
          IS NOT (iif(s.tracked, s.available, NULL), s.available > 0 OR NOT s.tracked OR s.continue_selling, s.continue_selling))
      + (SELECT count(*) FROM product p
        WHERE (p.sellable_variants, p.in_stock) IS NOT
          (SELECT sum(v.sellable), sum(v.sellable) > 0 FROM variant v WHERE v.product_id = p.id)) AS wrong";
    let sql = HranaSql::new(url, None, Arc::new(NativeFetch::new().unwrap())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (at, (stock, units)) in [([3, 0, 0], 0), ([0, 2, 0], 1), ([3, 2, 0], 0)].into_iter().enumerate() {
        let file = written(folder, "stock.csv", Generation::Newer, &[set(stock), gone(units)]);
        let products = &report(&file, &["--database", url])["products"];
        let (created, updated) = if at == 0 { (2, 0) } else { (0, 2) };
        assert_eq!((&products["created"], &products["updated"]), (&json!(created), &json!(updated)));
        let rows = runtime.block_on((&sql as &dyn Sql).read(vec![Statement::new(wrong)])).unwrap();
        assert_eq!(rows[0].iter().next().unwrap().get::<i64>("wrong"), Ok(0), "after import {at}");
    }
}

#[test]
fn a_product_file_goes_into_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Dev::start(&data, &["--seed", "none"]).interrupt().success());
    takes_both_generations(folder.path(), &["--data", data.to_str().unwrap()]);
}

#[test]
fn a_product_file_goes_into_a_libsql_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Sqld::start();
    let url = server.url();
    run(&mut hp(&["migrate", "--database", &url])).ok();
    new_store(&url, "Tea");
    takes_both_generations(folder.path(), &["--database", &url]);

    copies_are_what_the_stock_says(folder.path(), &url);

    // With a second store, the file's must be named.
    let store = new_store(&url, "Coffee");
    let file = written(folder.path(), "pan.csv", Generation::Newer, &[Product::simple("pan", "1", 1)]);
    let said = run(hp(&["import", "--database", &url]).arg(&file)).refused(1);
    assert!(said.contains("--store"), "{said}");
    assert_eq!(report(&file, &["--database", &url, "--store", &store])["products"]["created"], 1);
}
