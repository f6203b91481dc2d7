//! The README's first command.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Dev, closed_pipe, dev_command, first_counted, interrupt, run, two_free_ports};
use crate::world::Shop;

/// Pastes a line into the shell that every system has: the status of the answer, and its body.
fn paste(line: &str) -> (u16, Value) {
    let line = format!("{line} --silent --show-error --noproxy '*' --max-time 30 --write-out '\\n%{{http_code}}'");
    let said = run(Command::new("sh").args(["-c", &line])).ok();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}: {body}")))
}

#[tokio::test]
async fn dev_gives_a_filled_shop_whose_printed_lines_work_and_which_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data, &[]);
    assert!(dev.greeting.contains("sample catalog:"), "{}", dev.greeting);
    assert!(dev.told("API").starts_with(&dev.url), "{}", dev.greeting);

    let lines: Vec<&str> = dev.greeting.lines().filter(|line| line.starts_with("curl ")).collect();
    let [list, cart, import] = lines.as_slice() else { panic!("{lines:?}") };
    let (status, products) = paste(list);
    assert_eq!((status, products["items"].as_array().unwrap().len()), (200, 3), "{products}");
    let (status, cart) = paste(cart);
    assert_eq!((status, &cart["itemCount"]), (201, &json!(0)), "{cart}");
    let (status, report) = paste(import);
    assert_eq!((status, &report["dryRun"], &report["products"]["created"]), (200, &json!(true), &json!(1)), "{report}");

    // The catalog is as large as promised, and sells.
    let shop = dev.shop();
    holds_the_sample_catalog(&shop).await;
    let mut in_stock = 0;
    let mut next = Value::Null;
    loop {
        let call = shop.shopper.get("/api/v1/products");
        let call = call.query(&[("limit", "50"), ("filter[inStock]", "true")]);
        let call = if let Some(cursor) = next.as_str() { call.query(&[("cursor", cursor)]) } else { call };
        let page = call.send().await.expect(200).json();
        in_stock += page["items"].as_array().unwrap().len();
        next = page["nextCursor"].clone();
        if next.is_null() {
            break;
        }
    }
    assert!(60 <= in_stock, "{in_stock} products in stock");
    let sold = first_counted(&shop).await;
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let order = shop.complete(&checkout, "the first order").await.expect(201);
    let keys = [dev.told("publishable key").to_owned(), dev.told("secret key").to_owned()];
    assert!(dev.interrupt().success());

    let again = Dev::start(&data, &[]);
    assert_eq!([again.told("publishable key"), again.told("secret key")], keys);
    assert!(!again.greeting.contains("sample catalog:"), "{}", again.greeting);
    let kept = again.shop().merchant.get(order.the("location")).send().await.expect(200);
    assert_eq!(kept.body, order.body);
    assert!(again.interrupt().success());
}

/// At least 60 products and 200 variants, of several options, some without an SKU in the file, all with images.
async fn holds_the_sample_catalog(shop: &Shop) {
    const FILE: &str = include_str!("../../edge/src/cli/sample_catalog.csv");
    let exported = shop.merchant.get("/api/v1/admin/exports/products.jsonl").send().await.expect(200);
    let lines = str::from_utf8(&exported.body).unwrap().lines();
    let products: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |product: &Value, member: &str| product[member].as_array().cloned().unwrap_or_default();
    let variants: Vec<Value> = products.iter().flat_map(|product| of(product, "variants")).collect();
    assert_eq!((products.len(), variants.len()), (77, 290));
    let skus: BTreeSet<&str> = variants.iter().map(|variant| variant["sku"].as_str().unwrap()).collect();
    assert_eq!(skus.len(), variants.len(), "each has an SKU of its own");
    // A cell that is not the first of its row.
    let made_up = skus.iter().filter(|sku| !FILE.contains(&format!(",{sku},"))).count();
    assert_eq!(made_up, 27);
    let options = |variant: &Value| of(variant, "options").len();
    assert_eq!(variants.iter().map(options).max(), Some(3));
    let images = |product: &Value| of(product, "images").len();
    assert!(products.iter().all(|product| 0 < images(product)), "each has images");
    assert!(products.iter().any(|product| 1 < images(product)));
}

#[tokio::test]
async fn an_unseeded_shop_is_empty_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for arguments in [["--seed", "none"].as_slice(), &[]] {
        let dev = Dev::start(&data, arguments);
        let products = dev.shop().shopper.get("/api/v1/products").send().await.expect(200).json();
        assert_eq!(products["items"], json!([]), "{arguments:?}");
        assert!(dev.interrupt().success());
    }
}

/// `wrangler dev` and `spin up` are started beside it: `tests/hosts/beside_dev.rs`.
#[test]
fn dev_tells_the_projects_beside_it_and_leaves_what_others_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let path = |name: &str| folder.path().join(name);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let start = || Dev::start(&data, &["--seed", "none"]);
    assert!(start().interrupt().success());
    assert!(!path(".dev.vars").exists() && !path(".env").exists(), "there is no project");

    std::fs::write(path("wrangler.toml"), "").unwrap();
    std::fs::write(path("spin.toml"), "").unwrap();
    let own = "MINE=1\n";
    std::fs::write(path(".env"), own).unwrap();
    let dev = start();
    let told = |name: &str| dev.told(name).split_whitespace().next().unwrap().to_owned();
    let written = read(".dev.vars");
    for (name, value) in [
        ("DATABASE_URL", told("database")),
        ("DATABASE_TOKEN", told("token for both")),
        ("REDIS_URL", told("Redis")),
        ("REDIS_TOKEN", told("token for both")),
    ] {
        assert!(written.lines().any(|line| line == format!("{name}={value}")), "{name}: {written}");
    }
    assert_eq!(read(".env"), own);
    for name in [".dev.vars", "data/keys.json"] {
        let mode = std::fs::metadata(path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} holds secrets");
    }
    assert!(dev.interrupt().success());

    // What it wrote itself it writes again: its port may be another.
    std::fs::remove_file(path(".env")).unwrap();
    let again = start();
    let url = again.told("database").split_whitespace().next().unwrap();
    assert!(read(".dev.vars").contains(&format!("DATABASE_URL={url}\n")));
    let with_prefix: Vec<String> =
        read(".dev.vars").lines().skip(1).map(|line| format!("SPIN_VARIABLE_{line}")).collect();
    assert_eq!(read(".env").lines().skip(1).collect::<Vec<_>>(), with_prefix);
    assert!(again.interrupt().success());
}

#[test]
fn a_port_that_is_taken_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let free = two_free_ports();
    let taken = TcpListener::bind(("127.0.0.1", free)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = run(&mut dev_command(&data, port)).refused(1);
    assert!(said.contains(&format!("cannot listen on 127.0.0.1:{port}")) && said.contains("--port"), "{said}");
    assert!(!data.exists());
}

#[tokio::test]
async fn dev_serves_on_when_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let port = two_free_ports();
    let mut command = dev_command(&data, port);
    // Ends with the test, whatever becomes of it.
    let mut child = KilledOnDrop(command.stdout(closed_pipe()).stderr(Stdio::null()).spawn().unwrap());
    let health = format!("http://127.0.0.1:{port}/healthz");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut answered = false;
    for _ in 0..600 {
        answered = http.get(&health).send().await.is_ok_and(|answer| answer.status() == 200);
        if answered || child.0.try_wait().unwrap().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(answered, "no answer; ended: {:?}", child.0.try_wait());
    assert!(interrupt(&mut child.0).success());
}

struct KilledOnDrop(std::process::Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _may_be_gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}
