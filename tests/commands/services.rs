//! The second port of `hp dev`: database and Redis, by the clients that others use there.

use std::path::Path;
use std::process::{Command, Stdio};

use headlesspro_edge::scripts;
use serde_json::json;

use crate::program::{Dev, first_counted, run, units_of};
use crate::redis_server::RedisServer;

#[tokio::test]
async fn what_the_real_clients_write_on_the_port_that_is_told_the_api_shows() {
    serves_the_real_clients(&[]).await;
}

#[tokio::test]
async fn a_redis_server_of_ones_own_is_behind_the_same_port() {
    let server = RedisServer::start();
    serves_the_real_clients(&["--redis", &server.url()]).await;
}

/// Runs `tests/clients/dev.mjs` beside `hp dev` with these arguments.
async fn serves_the_real_clients(arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    // What others write into the database, no API can hear of: it shows what it has read for a while.
    let arguments = [arguments, &["--catalog-cache-seconds", "0"]].concat();
    let dev = Dev::start(&folder.path().join("data"), &arguments);
    let shop = dev.shop();
    let counted = first_counted(&shop).await;
    let cart = shop.filled_cart(&[(&counted.variant, 1)]).await;

    let url = |name: &str| dev.told(name).split_whitespace().next().unwrap();
    let script = scripts::ALL.iter().find(|script| script.name == "cart").unwrap().lua;
    let settings = json!({
        "database": url("database"),
        "redis": url("Redis"),
        "token": dev.told("token for both"),
        "variant": counted.variant,
        "units": counted.units,
        "cart": cart,
        "script": script,
    });
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients/dev.mjs");
    let said = run(Command::new("node").arg(client).arg(settings.to_string()).stdin(Stdio::null())).ok();
    assert_eq!(said, "ok\n");

    assert_eq!(units_of(&shop, &counted).await, Some(77));
    let shown = shop.cart(&cart).await;
    assert_eq!((&shown["itemCount"], &shown["version"]), (&json!(4), &json!(4)), "{shown}");
    assert!(dev.interrupt().success());
}
