//! A merchant sells through several channels: each shows what is published there.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::people::{PASSWORD, sign_up};
use super::sessions::{as_person, log_in, log_in_with};
use crate::client::{Answer, Client};
use crate::product_file::Product;
use crate::world::{Shop, World, order_form};

const PATH: &str = "/api/v1/admin/channels";

async fn owner(world: &World) -> Client {
    as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200))
}

/// A channel of this story alone.
async fn channel(world: &World, name: &str) -> Value {
    let body = json!({ "name": name, "handle": world.name(name) });
    let made = world.ours.merchant.post(PATH).json(&body).send().await.expect(201).json();
    assert_eq!((&made["ready"], &made["version"]), (&json!(true), &json!(1)), "{made}");
    made
}

/// A storefront with a key of the channel.
async fn storefront(world: &World, owner: &Client, channel: &str) -> Shop {
    let body = json!({ "kind": "publishable", "name": world.name("key"), "channel": channel });
    let made = owner.post("/api/v1/api-keys").json(&body).send().await.expect(201).json();
    assert!(made["apiKey"]["channel"].is_string(), "{made}");
    Shop { shopper: world.nobody.with_key(made["key"].as_str().unwrap()), merchant: world.ours.merchant.clone() }
}

/// A product that costs ten euros; null: in all channels.
pub fn product(world: &World, name: &str, channels: Value) -> Value {
    json!({
        "handle": world.name(name),
        "title": name,
        "status": "active",
        "vendor": world.name("vendor"),
        "tags": [world.name("tag")],
        "channels": channels,
        "variants": [{
            "sku": world.name(name),
            "price": { "amount": "10.00", "currency": "EUR" },
            "inventory": { "quantity": 50 },
        }],
    })
}

async fn make(world: &World, name: &str, channels: Value) -> Value {
    let body = product(world, name, channels);
    world.ours.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json()
}

async fn publish(world: &World, name: &str, channels: Value) -> Answer {
    let path = format!("/api/v1/products/{}", world.name(name));
    world.ours.merchant.patch(&path).json(&json!({ "channels": channels })).send().await
}

async fn titles(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).send().await.expect(200);
    assert!(page.spent().sql <= 2, "one, and one more for a key that nobody has heard of: {page}");
    let page = page.json();
    let items = page["items"].as_array().unwrap().iter();
    let mut titles: Vec<_> = items.map(|item| item["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

/// Two channels with their storefronts, and products in one, in the other, in both and in all there are.
pub async fn two_storefronts(world: &World) -> [(Shop, Value); 2] {
    // Before the channels, and after them.
    make(world, "all-1", json!(null)).await;
    let [web, outlet] = [channel(world, "web").await, channel(world, "outlet").await];
    make(world, "all-2", json!(null)).await;
    let [web_name, outlet_id] = [json!(world.name("web")), outlet["id"].clone()];
    make(world, "web", json!([web_name])).await;
    make(world, "outlet", json!([outlet_id])).await;
    let both = make(world, "both", json!([outlet_id, web_name])).await;
    let mut ids = [web["id"].as_str().unwrap(), outlet["id"].as_str().unwrap()];
    ids.sort_unstable();
    assert_eq!(both["channels"], json!(ids), "as ids, in their order");
    let owner = owner(world).await;
    let first = storefront(world, &owner, web["id"].as_str().unwrap()).await;
    let second = storefront(world, &owner, &world.name("outlet")).await;
    [(first, web), (second, outlet)]
}

pub async fn a_channel_is_made_renamed_and_deleted(world: World) {
    let us = &world.ours.merchant;
    let body = json!({ "name": "Outlet", "handle": world.name("outlet") });
    let create = || us.post(PATH).header("idempotency-key", world.name("once")).json(&body).send();
    let first = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    us.post(PATH).header("idempotency-key", world.name("once")).json(&json!({ "name": "x" })).send().await.expect(422);
    assert_eq!(us.post(PATH).json(&body).send().await.expect(422).places(), ["#/handle"]);
    for wrong in [json!({}), json!({ "name": "" }), json!({ "name": "x", "handle": "A b" }), json!({ "name": "?" })] {
        assert_eq!(us.post(PATH).json(&wrong).send().await.expect(422).code(), "invalid-request", "{wrong}");
    }
    let path = format!("{PATH}/{}", world.name("outlet"));
    let change =
        |version: &str, body: Value| us.patch(&path).header("if-match", format!("\"{version}\"")).json(&body).send();
    let changed = change("1", json!({ "name": "Factory outlet" })).await.expect(200);
    assert_eq!((changed.header("etag"), &changed.json()["name"]), (Some("\"2\""), &json!("Factory outlet")));
    change("1", json!({ "name": "x" })).await.expect_problem(412, "version-mismatch");
    let by_id = us.get(first.the("location")).send().await.expect(200);
    assert_eq!((by_id.json(), by_id.header("etag")), (changed.json(), Some("\"2\"")));

    let other = channel(&world, "other").await;
    let taken = change("2", json!({ "handle": world.name("other") })).await.expect_problem(422, "invalid-request");
    assert_eq!(taken.places(), ["#/handle"]);
    let (mut seen, mut target) = (Vec::new(), format!("{PATH}?limit=1"));
    loop {
        let page = us.get(&target).send().await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        target = format!("{PATH}?limit=1&cursor={next}");
    }
    assert!(seen.contains(&other["id"]) && seen.contains(&first.json()["id"]), "{seen:?}");
    for client in [&world.theirs.merchant, &world.ours.shopper] {
        let status = client.get(first.the("location")).send().await.status;
        assert!(matches!(status, 403 | 404), "{status}");
    }

    // While a product names it, whatever its status, or a key is of it, it stays.
    let mut draft = product(&world, "draft", json!([world.name("outlet")]));
    draft["status"] = json!("draft");
    us.post("/api/v1/products").json(&draft).send().await.expect(201);
    us.delete(&path).send().await.expect_problem(409, "channel-in-use");
    publish(&world, "draft", json!(null)).await.expect(200);
    let owner = owner(&world).await;
    let wanted = json!({ "kind": "publishable", "name": world.name("key"), "channel": world.name("outlet") });
    let key = owner.post("/api/v1/api-keys").json(&wanted).send().await.expect(201).json()["apiKey"].clone();
    assert_eq!(key["channel"], first.json()["id"]);
    us.delete(&path).send().await.expect_problem(409, "channel-in-use");
    let rotate = format!("/api/v1/api-keys/{}/rotate", key["id"].as_str().unwrap());
    let rotated = owner.post(&rotate).json(&json!({ "overlapSeconds": 0 })).send().await.expect(201).json();
    assert_eq!(rotated["apiKey"]["channel"], key["channel"], "it is of the same channel");
    us.delete(&path).send().await.expect_problem(409, "channel-in-use");
    let key = rotated["apiKey"]["id"].as_str().unwrap();
    owner.delete(&format!("/api/v1/api-keys/{key}")).send().await.expect(204);
    us.delete(&path).header("if-match", "\"1\"").send().await.expect_problem(412, "version-mismatch");
    us.delete(&path).header("if-match", "\"2\"").send().await.expect(204);
    us.get(&path).send().await.expect_problem(404, "not-found");

    // Nobody's, and not of a server's key.
    for (kind, channel) in [("publishable", world.name("outlet")), ("secret", world.name("other"))] {
        let body = json!({ "kind": kind, "name": "x", "channel": channel });
        assert_eq!(owner.post("/api/v1/api-keys").json(&body).send().await.expect(422).places(), ["#/channel"]);
    }
    us.delete(&format!("{PATH}/{}", other["id"].as_str().unwrap())).send().await.expect(204);
}

pub async fn a_storefront_is_shown_its_channel_and_nothing_else(world: World) {
    let [(web, _), (outlet, _)] = two_storefronts(&world).await;
    let category = json!({ "name": world.name("Shelf"), "handle": world.name("shelf") });
    let shelf = world.ours.merchant.post("/api/v1/categories").json(&category).send().await.expect(201).json();
    let collection = json!({ "name": world.name("Col"), "handle": world.name("col") });
    world.ours.merchant.post("/api/v1/collections").json(&collection).send().await.expect(201);
    let mut added = Vec::new();
    for name in ["all-1", "all-2", "web", "outlet", "both"] {
        added.push(json!({ "productId": world.ours.product(&world.name(name)).await["id"] }));
    }
    for path in [
        format!("/api/v1/categories/{}/products", shelf["id"].as_str().unwrap()),
        format!("/api/v1/collections/{}/products", world.name("col")),
    ] {
        world.ours.merchant.post(&path).json(&json!({ "add": added })).send().await.expect(204);
    }
    let shown = [
        (&world.ours, vec!["all-1", "all-2", "both", "outlet", "web"]),
        (&web, vec!["all-1", "all-2", "both", "web"]),
        (&outlet, vec!["all-1", "all-2", "both", "outlet"]),
    ];
    let (tag, vendor) = (world.name("tag"), world.name("vendor"));
    let mut lists = vec![
        format!("/api/v1/products?filter%5Bvendor%5D={vendor}"),
        format!("/api/v1/products?filter%5Bvendor%5D={vendor}&filter%5BinStock%5D=true&filter%5Btag%5D={tag}"),
        format!("/api/v1/products?filter%5Btag%5D={tag}&filter%5Bprice%5D%5Bmin%5D=9&filter%5Bprice%5D%5Bmax%5D=11"),
        format!("/api/v1/products?filter%5Bvendor%5D={vendor}&filter%5Bprice%5D%5Bmin%5D=9"),
        format!("/api/v1/categories/{}/products", world.name("shelf")),
        format!("/api/v1/categories/{}/products?filter%5Bprice%5D%5Bmin%5D=9", world.name("shelf")),
        format!("/api/v1/collections/{}/products", world.name("col")),
        format!("/api/v1/collections/{}/products?sort=title", world.name("col")),
    ];
    for sort in ["newest", "title", "-title", "price", "-price"] {
        lists.push(format!("/api/v1/products?filter%5Btag%5D={tag}&sort={sort}"));
    }
    // One after the other, and again: what was kept for one is not shown to another.
    for round in 0..2 {
        for list in &lists {
            for (shop, expected) in &shown {
                assert_eq!(titles(&shop.shopper, list).await, *expected, "{list}");
                let call = shop.shopper.get(list).of_any_version();
                let kept = call.send().await.expect(200).json()["items"].as_array().unwrap().len();
                assert_eq!(kept, expected.len(), "{list} in round {round}");
            }
        }
        for name in ["all-1", "all-2", "web", "outlet", "both"] {
            let path = format!("/api/v1/products/{}", world.name(name));
            for (shop, expected) in &shown {
                let status = if expected.contains(&name) { 200 } else { 404 };
                shop.shopper.get(&path).send().await.expect(status);
                shop.shopper.get(&path).of_any_version().send().await.expect(status);
            }
        }
    }
    // Page by page, without another filter: nothing of another channel.
    let mut target = "/api/v1/products?limit=250&sort=title".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = outlet.shopper.get(&target).send().await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["handle"].clone()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        target = format!("/api/v1/products?limit=250&sort=title&cursor={next}");
    }
    let has = |name: &str| seen.contains(&json!(world.name(name)));
    assert_eq!(["all-1", "all-2", "both", "outlet", "web"].map(has), [true, true, true, true, false]);
    // Nor in the sitemaps.
    let text = async |shop: &Shop, path: &str| {
        String::from_utf8(shop.shopper.get(path).send().await.expect(200).body.to_vec()).unwrap()
    };
    let index = text(&outlet, "/api/v1/sitemaps").await;
    let mut xml = String::new();
    for page in index.split("/sitemaps/").skip(1) {
        xml += &text(&outlet, &format!("/api/v1/sitemaps/{}", page.split(".xml").next().unwrap())).await;
    }
    let has = |name: &str| xml.contains(&format!("/products/{}<", world.name(name)));
    assert_eq!(["all-1", "outlet", "web"].map(has), [true, true, false]);

    // What is moved is gone at once for who has heard of it, and there for the others; a former handle tells nothing.
    publish(&world, "both", json!([world.name("web")])).await.expect(200);
    let path = format!("/api/v1/products/{}", world.name("both"));
    outlet.shopper.get(&path).send().await.expect_problem(404, "not-found");
    web.shopper.get(&path).send().await.expect(200);
    let list = format!("/api/v1/products?filter%5Btag%5D={tag}");
    assert_eq!(titles(&outlet.shopper, &list).await, ["all-1", "all-2", "outlet"]);
    let rename = json!({ "handle": world.name("renamed") });
    world.ours.merchant.patch(&path).json(&rename).send().await.expect(200);
    outlet.shopper.get(&path).send().await.expect_problem(404, "not-found");
    web.shopper.get(&path).send().await.expect(301);
    publish(&world, "web", json!(null)).await.expect(200);
    assert_eq!(titles(&outlet.shopper, &list).await, ["all-1", "all-2", "outlet", "web"]);
}

pub async fn carts_and_orders_keep_to_the_channel(world: World) {
    let [(web, web_channel), (outlet, _)] = two_storefronts(&world).await;
    let [in_web, in_both] =
        [world.ours.first_variant(&world.name("web")).await, { world.ours.first_variant(&world.name("both")).await }];
    let cart = web.new_cart().await;
    web.add(&cart, &in_web.variant, 1).await.expect(200);
    web.add(&cart, &in_both.variant, 2).await.expect(200);
    // Twice, since offers are remembered.
    for _ in 0..2 {
        outlet.add(&cart, &in_web.variant, 1).await.expect_problem(422, "variant-not-for-sale");
        web.add(&cart, &in_web.variant, 1).await.expect(200);
    }
    let statuses = |cart: &Value| -> Vec<String> {
        cart["lines"].as_array().unwrap().iter().map(|line| line["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses(&web.cart(&cart).await), ["available", "available"]);
    assert_eq!(statuses(&outlet.cart(&cart).await), ["removed", "available"]);
    outlet.open(&cart).await.expect(409);

    // A checkout is of the channel that it was opened in, whoever completes it.
    let checkout = web.open(&cart).await.expect(201).json();
    let id = checkout["id"].as_str().unwrap();
    outlet.shopper.get(&format!("/api/v1/checkouts/{id}")).send().await.expect_problem(404, "not-found");
    outlet.complete(id, &world.name("other")).await.expect_problem(404, "not-found");
    let order = world.ours.complete_by(&world.ours.merchant, id, &world.name("first"), "paid").await.expect(201).json();
    assert_eq!(order["channelId"], web_channel["id"]);
    let cart = web.filled_cart(&[(&in_web.variant, 1)]).await;
    let opened = web.open(&cart).await.expect(201).json();
    publish(&world, "web", json!([world.name("outlet")])).await.expect(200);
    let id = opened["id"].as_str().unwrap();
    let refused = world.ours.complete_by(&world.ours.merchant, id, &world.name("second"), "paid").await;
    assert_eq!(refused.status, 409, "{refused}");
    assert_eq!(world.ours.stock(&world.name("web")).await, [47], "of three that were sold");
    // Without a channel an order has none.
    let checkout = world.ours.opened(&[(&in_web.variant, 1)]).await;
    let order = world.ours.complete(&checkout, &world.name("third")).await.expect(201).json();
    assert_eq!(order.get("channelId"), None);
}

pub async fn who_logs_in_with_a_key_of_a_channel_is_shown_no_more(world: World) {
    let [(web, _), (outlet, _)] = two_storefronts(&world).await;
    let email = world.email("shopper");
    sign_up(&world, &email).await;
    let list = format!("/api/v1/products?filter%5Btag%5D={}", world.name("tag"));
    let hidden = format!("/api/v1/products/{}", world.name("outlet"));
    let mut tokens = log_in_with(&web, &email, PASSWORD).await.expect(200);
    for _ in 0..2 {
        let person = as_person(&world, &tokens);
        assert_eq!(titles(&person, &list).await, ["all-1", "all-2", "both", "web"]);
        person.get(&hidden).send().await.expect_problem(404, "not-found");
        let sold = world.ours.first_variant(&world.name("outlet")).await;
        let cart = person.post("/api/v1/cart").send().await.expect(201).json();
        let add = json!({ "variantId": sold.variant, "quantity": 1 });
        let path = format!("/api/v1/cart/{}/items", cart["id"].as_str().unwrap());
        person.post(&path).json(&add).send().await.expect_problem(422, "variant-not-for-sale");
        let filled = json!({ "variantId": world.ours.first_variant(&world.name("web")).await.variant });
        person.post(&path).json(&filled).send().await.expect(200);
        let form = order_form(cart["id"].as_str().unwrap());
        person.post("/api/v1/checkouts").json(&form).send().await.expect(201);
        let body = json!({ "refreshToken": tokens.json()["refreshToken"] });
        tokens = web.shopper.post("/api/v1/auth/refresh").json(&body).send().await.expect(200);
    }
    // Elsewhere the same customer is shown what is elsewhere.
    let person = as_person(&world, &log_in_with(&outlet, &email, PASSWORD).await.expect(200));
    assert_eq!(titles(&person, &list).await, ["all-1", "all-2", "both", "outlet"]);
    let person = as_person(&world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200));
    assert_eq!(titles(&person, &list).await.len(), 5);
}

pub async fn products_say_where_they_are_published(world: World) {
    let us = &world.ours.merchant;
    let [(web, web_channel), (outlet, _)] = two_storefronts(&world).await;
    for (wrong, places) in [
        (
            json!([world.name("web"), world.name("none"), "chan_01h455vb4pex5vsknk084sn02q"]),
            vec!["#/channels/1", "#/channels/2"],
        ),
        (json!([]), vec!["#/channels"]),
        (json!([1, ""]), vec!["#/channels/0", "#/channels/1"]),
        (json!("web"), vec!["#/channels"]),
    ] {
        let answer = publish(&world, "all-1", wrong.clone()).await.expect_problem(422, "invalid-request");
        assert_eq!(answer.places(), places, "{wrong}");
        let body = product(&world, "never", wrong.clone());
        let answer = us.post("/api/v1/products").json(&body).send().await.expect_problem(422, "invalid-request");
        assert_eq!(answer.places(), places, "{wrong}");
    }
    // Another tenant's channel is none.
    let theirs = json!({ "title": world.name("theirs"), "channels": [web_channel["id"]] });
    let answer = world.theirs.merchant.post("/api/v1/products").json(&theirs).send().await.expect(422);
    assert_eq!(answer.places(), ["#/channels/0"]);

    // In bulk, and as a file knows nothing of.
    let job = us.post("/api/v1/admin/bulk/upserts").json(&json!({})).send().await.expect(201);
    let line = |name: &str, channels: Value| {
        let mut line = product(&world, name, channels);
        line.as_object_mut().unwrap().remove("status");
        format!("{line}\n")
    };
    let part = [
        line("all-1", json!([world.name("web")])),
        line("outlet", json!(null)),
        line("both", json!([world.name("nowhere")])),
        format!("{}\n", json!({ "handle": world.name("web"), "title": "web" })),
    ];
    let path = format!("{}/parts/1", job.the("location"));
    let put = |content: String| us.call(Method::PUT, &path).body("application/jsonl", content).send();
    let done = put(part.concat()).await.expect(200).json();
    assert_eq!(["updated", "unchanged", "failed"].map(|name| done[name].as_i64().unwrap()), [2, 1, 1], "{done}");
    let list = format!("/api/v1/products?filter%5Btag%5D={}", world.name("tag"));
    assert_eq!(titles(&web.shopper, &list).await, ["all-1", "all-2", "both", "outlet", "web"]);
    assert_eq!(titles(&outlet.shopper, &list).await, ["all-2", "both", "outlet"]);
    let file = Product::simple(&world.name("web"), "11.00", 5);
    world.ours.import(&[file]).await;
    let path = format!("/api/v1/products/{}", world.name("web"));
    outlet.shopper.get(&path).send().await.expect_problem(404, "not-found");
    assert_eq!(web.shopper.get(&path).send().await.expect(200).json()["variants"][0]["price"]["amount"], "11.00");

    // What is exported comes back without a change.
    let source = |name: &str| us.get(&format!("/api/v1/admin/products/{}", world.name(name))).send();
    let mut lines = String::new();
    for name in ["all-1", "all-2", "web", "outlet", "both"] {
        let mut source = source(name).await.expect(200).json();
        source
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !["version", "createdAt", "updatedAt"].contains(&name.as_str()));
        lines += &format!("{source}\n");
    }
    let job = us.post("/api/v1/admin/bulk/upserts").json(&json!({ "mode": "replace" })).send().await.expect(201);
    let path = format!("{}/parts/1", job.the("location"));
    let done = us.call(Method::PUT, &path).body("application/jsonl", lines).send().await.expect(200).json();
    assert_eq!(["unchanged", "failed"].map(|name| done[name].as_i64().unwrap()), [5, 0], "{done}");
}

/// Whoever comes first: no product names what is gone, and nobody has a key of it.
pub async fn a_channel_and_what_names_it_written_at_once_agree(world: World) {
    let owner = owner(&world).await;
    let rounds = (0..6).map(|at| {
        let (world, owner) = (&world, &owner);
        async move {
            let name = format!("race{at}");
            let made = channel(world, &name).await;
            let delete = world.ours.merchant.delete(&format!("{PATH}/{}", world.name(&name))).send();
            let body = product(world, &name, json!([made["id"]]));
            let wanted = json!({ "kind": "publishable", "name": name, "channel": made["id"] });
            let naming = match at % 2 {
                0 => world.ours.merchant.post("/api/v1/products").json(&body).send(),
                _ => owner.post("/api/v1/api-keys").json(&wanted).send(),
            };
            let (deleted, named) = futures_util::join!(delete, naming);
            assert!(matches!(deleted.status, 204 | 409), "{deleted}");
            assert!(matches!(named.status, 201 | 422) || (named.status == 503 && at % 2 == 1), "{named}");
            assert_ne!(named.status == 201, deleted.status == 204, "{named} {deleted}");
        }
    });
    join_all(rounds).await;
}
