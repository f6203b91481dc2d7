//! The README's first command.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::program::{Dev, closed_pipe, dev_command, interrupt, run, two_free_ports};
use crate::world::Shop;

/// The shop that a greeting tells of.
fn shop(dev: &Dev) -> Shop {
    let client = Client::new(&dev.url);
    Shop { shopper: client.with_key(dev.told("publishable key")), merchant: client.with_key(dev.told("secret key")) }
}

/// Pastes a line into a shell: the status of the answer, and its body.
fn paste(line: &str) -> (u16, Value) {
    let line = format!("{line} --silent --show-error --noproxy '*' --max-time 30 --write-out '\\n%{{http_code}}'");
    let said = run(Command::new("bash").args(["-c", &line])).ok();
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
    let world = shop(&dev);
    let mut products = Vec::new();
    let mut next = Value::Null;
    loop {
        let call = world.shopper.get("/api/v1/products");
        let call = call.query(&[("limit", "50"), ("filter[inStock]", "true")]);
        let call = if let Some(cursor) = next.as_str() { call.query(&[("cursor", cursor)]) } else { call };
        let page = call.send().await.expect(200).json();
        products
            .extend(page["items"].as_array().unwrap().iter().map(|item| item["handle"].as_str().unwrap().to_owned()));
        next = page["nextCursor"].clone();
        if next.is_null() {
            break;
        }
    }
    assert!(60 <= products.len(), "{} products", products.len());
    let sold = world.first_sellable(&products).await;
    let checkout = world.opened(&[(&sold, 1)]).await;
    let order = world.complete(&checkout, "the first order").await.expect(201);
    let keys = [dev.told("publishable key").to_owned(), dev.told("secret key").to_owned()];
    assert!(dev.interrupt().success());

    let again = Dev::start(&data, &[]);
    assert_eq!([again.told("publishable key"), again.told("secret key")], keys);
    assert!(!again.greeting.contains("sample catalog:"), "{}", again.greeting);
    let kept = shop(&again).merchant.get(order.the("location")).send().await.expect(200);
    assert_eq!(kept.body, order.body);
    assert!(again.interrupt().success());
}

impl Shop {
    /// A variant with units left of one of these products.
    async fn first_sellable(&self, handles: &[String]) -> String {
        for handle in handles {
            let product = self.product(handle).await;
            let units = |variant: &&Value| 0 < variant["availability"]["quantity"].as_i64().unwrap_or(0);
            if let Some(variant) = product["variants"].as_array().unwrap().iter().find(units) {
                return variant["id"].as_str().unwrap().to_owned();
            }
        }
        panic!("nothing is in stock");
    }
}

#[tokio::test]
async fn an_unseeded_shop_is_empty_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for arguments in [["--seed", "none"].as_slice(), &[]] {
        let dev = Dev::start(&data, arguments);
        let products = shop(&dev).shopper.get("/api/v1/products").send().await.expect(200).json();
        assert_eq!(products["items"], json!([]), "{arguments:?}");
        assert!(dev.interrupt().success());
    }
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
