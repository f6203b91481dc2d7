//! Files go straight to the file store, by a URL that is good for one of its kind and size.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::world::World;

/// The beginning of a PNG of one pixel, and what makes it 64 bytes.
pub fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".to_vec();
    bytes.resize(64, 0);
    bytes
}

fn outside() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Sends an upload as a browser does: the length by itself. Answers the status.
pub async fn put(upload: &Value, body: Vec<u8>) -> u16 {
    let mut request = outside().put(upload["url"].as_str().unwrap()).body(body);
    for (name, value) in upload["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
        request = request.header(name, value.as_str().unwrap());
    }
    request.send().await.unwrap().status().as_u16()
}

pub async fn make(client: &Client, name: &str, bytes: usize) -> Value {
    let body = json!({ "name": name, "contentType": "image/png", "bytes": bytes });
    client.post("/api/v1/files").json(&body).send().await.expect(201).json()
}

pub async fn complete(client: &Client, made: &Value) -> Answer {
    client.post(&format!("/api/v1/files/{}/complete", made["file"]["id"].as_str().unwrap())).send().await
}

/// A file that is ready.
pub async fn uploaded(client: &Client, name: &str) -> Value {
    let made = make(client, name, png().len()).await;
    assert_eq!(put(&made["upload"], png()).await, 200);
    complete(client, &made).await.expect(200).json()
}

pub async fn a_file_is_uploaded_straight_to_the_store_and_is_ready_once_completed(world: World) {
    let staff = &world.ours.merchant;
    let body = json!({
        "name": "C:\\fakepath\\Red Tent (2).PNG", "contentType": "Image/PNG", "bytes": png().len(), "alt": " A tent ",
        "focalPoint": { "x": 0.125, "y": 1 },
    });
    let answer = staff.post("/api/v1/files").json(&body).send().await.expect(201);
    let made = answer.json();
    let (file, upload) = (&made["file"], &made["upload"]);
    let path = format!("/api/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(answer.the("location"), path);
    assert_eq!((&file["name"], &file["alt"]), (&json!("Red Tent (2).png"), &json!("A tent")));
    assert_eq!((&file["status"], &file["url"]), (&json!("pending"), &Value::Null));
    assert_eq!(file["focalPoint"], json!({ "x": 0.125, "y": 1 }));
    assert_eq!(upload["headers"], json!({ "content-length": "64", "content-type": "image/png" }));

    complete(staff, &made).await.expect_problem(409, "file-not-uploaded");
    assert_eq!(put(upload, png()).await, 200);
    let ready = complete(staff, &made).await.expect(200);
    assert_eq!(ready.the("etag"), "\"2\"");
    let ready = ready.json();
    assert_eq!((&ready["status"], &ready["version"]), (&json!("ready"), &json!(2)));
    assert_eq!(complete(staff, &made).await.expect(200).json(), ready, "a second time it is as it was");
    assert_eq!(staff.get(&path).send().await.expect(200).json(), ready);

    let url = ready["url"].as_str().unwrap();
    assert!(url.ends_with("/red-tent-2.png") && url.contains("/store_"), "{url}");
    let shown = outside().get(url).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "image/png");
    assert_eq!(shown.bytes().await.unwrap(), png());
}

pub async fn what_is_not_as_announced_is_not_ready(world: World) {
    let staff = &world.ours.merchant;
    let made = make(staff, "tent.png", 64).await;
    // Neither another size nor another kind is let in by the store.
    assert_eq!(put(&made["upload"], vec![0; 65]).await, 403);
    let mut other = made["upload"].clone();
    other["headers"]["content-type"] = json!("text/html");
    assert_eq!(put(&other, png()).await, 403);
    let elsewhere = made["upload"]["url"].as_str().unwrap().replace("tent.png", "tent.html");
    other = made["upload"].clone();
    other["url"] = json!(elsewhere);
    assert_eq!(put(&other, png()).await, 403);
    complete(staff, &made).await.expect_problem(409, "file-not-uploaded");

    // A page that says that it is an image is none.
    let mut page = b"<!doctype html><script>alert(1)</script>".to_vec();
    page.resize(64, b' ');
    assert_eq!(put(&made["upload"], page).await, 200);
    complete(staff, &made).await.expect_problem(409, "file-differs");
    assert_eq!(put(&made["upload"], png()).await, 200);
    complete(staff, &made).await.expect(200);
}

pub async fn kinds_names_and_sizes_are_limited(world: World) {
    let staff = &world.ours.merchant;
    let good = json!({ "name": "tent.png", "contentType": "image/png", "bytes": 64 });
    for (field, value, place) in [
        ("contentType", json!("image/svg+xml"), "#/contentType"),
        ("contentType", json!("text/html"), "#/contentType"),
        ("contentType", json!("image/png; charset=utf-8"), "#/contentType"),
        ("contentType", json!("image/jpeg"), "#/name"),
        ("name", json!("tent.svg"), "#/name"),
        ("name", json!("tent.html"), "#/name"),
        ("name", json!("tent.png.SVG"), "#/name"),
        ("name", json!("tent\u{0}.png"), "#/name"),
        ("name", json!("tent\u{202e}gnp.png"), "#/name"),
        ("name", json!(".."), "#/name"),
        ("name", json!(""), "#/name"),
        ("name", json!("x".repeat(201)), "#/name"),
        ("bytes", json!(0), "#/bytes"),
        ("bytes", json!(-1), "#/bytes"),
        ("bytes", json!(20 * 1_024 * 1_024 + 1), "#/bytes"),
        ("bytes", json!(i64::MAX), "#/bytes"),
        ("bytes", json!(1.5), "#/bytes"),
        ("alt", json!("a\nb"), "#/alt"),
        ("alt", json!("x".repeat(1_001)), "#/alt"),
        ("focalPoint", json!({ "x": 0.5 }), "#/focalPoint/y"),
        ("focalPoint", json!({ "x": 0.5, "y": 1.001 }), "#/focalPoint/y"),
        ("focalPoint", json!({ "x": 0.0001, "y": 0 }), "#/focalPoint/x"),
        ("focalPoint", json!({ "x": "0.5", "y": 0 }), "#/focalPoint/x"),
        ("focalPoint", json!({ "x": 0, "y": 0, "z": 0 }), "#/focalPoint/z"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = staff.post("/api/v1/files").json(&body).send().await.expect_problem(422, "invalid-request");
        assert_eq!(answer.places(), [place], "{body}");
    }
    let all = json!({ "name": "x.exe", "contentType": "application/x-msdownload", "bytes": 0, "path": "/etc" });
    let mut places = staff.post("/api/v1/files").json(&all).send().await.expect(422).places();
    places.sort();
    assert_eq!(places, ["#/bytes", "#/contentType", "#/path"]);
    // Paths lead nowhere: what is before the name is left out.
    let made = make(staff, "../../../../etc/passwd", 64).await;
    assert_eq!(made["file"]["name"], "passwd.png");
    let url = made["upload"]["url"].as_str().unwrap();
    assert!(!url.contains("..") && url.contains("/passwd.png?"), "{url}");
}

pub async fn a_repeated_request_makes_one_file(world: World) {
    let staff = &world.ours.merchant;
    let key = world.name("once");
    let body = json!({ "name": "tent.png", "contentType": "image/png", "bytes": 64 });
    let send = || staff.post("/api/v1/files").header("idempotency-key", &key).json(&body).send();
    let answers = futures_util::future::join_all((0..5).map(|_| send())).await;
    let mut ids: Vec<String> =
        answers.into_iter().map(|answer| answer.expect(201).json()["file"]["id"].to_string()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let again = send().await.expect(201);
    assert!(again.is_replayed());
    let made = again.json();
    assert_eq!(put(&made["upload"], png()).await, 200, "a repeat may upload as well");
    complete(staff, &made).await.expect(200);
    let last = send().await.expect(201).json();
    assert_eq!((&last["upload"], &last["file"]["status"]), (&Value::Null, &json!("ready")));
    let other = json!({ "name": "tent.png", "contentType": "image/png", "bytes": 65 });
    let answer = staff.post("/api/v1/files").header("idempotency-key", &key).json(&other).send().await;
    answer.expect_problem(422, "idempotency-key-reused");
}

pub async fn a_file_is_described_and_guarded_by_its_version(world: World) {
    let staff = &world.ours.merchant;
    let made = make(staff, "tent.png", 64).await;
    let path = format!("/api/v1/files/{}", made["file"]["id"].as_str().unwrap());
    let change = |version: &str, body: Value| staff.patch(&path).header("if-match", version).json(&body).send();
    let changed = change("\"1\"", json!({ "alt": "A tent", "focalPoint": { "x": 0, "y": 0.5 } })).await.expect(200);
    assert_eq!(changed.the("etag"), "\"2\"");
    let stale = change("\"1\"", json!({ "alt": "Another" })).await.expect_problem(412, "version-mismatch");
    assert_eq!(stale.json()["version"], 2);
    assert_eq!(change("\"2\"", json!({})).await.expect(200).json()["version"], 2, "nothing changed");
    let without = change("*", json!({ "focalPoint": null })).await.expect(200).json();
    assert_eq!(
        (&without["focalPoint"], &without["alt"], &without["version"]),
        (&Value::Null, &json!("A tent"), &json!(3))
    );
    staff.delete(&path).header("if-match", "\"2\"").send().await.expect_problem(412, "version-mismatch");
    staff.delete(&path).header("if-match", "\"3\"").send().await.expect(204);
    staff.get(&path).send().await.expect_problem(404, "not-found");
}

pub async fn a_removed_file_leaves_the_store_as_well(world: World) {
    let staff = &world.ours.merchant;
    let file = uploaded(staff, "tent.png").await;
    let url = file["url"].as_str().unwrap();
    assert_eq!(outside().get(url).send().await.unwrap().status(), 200);
    staff.delete(&format!("/api/v1/files/{}", file["id"].as_str().unwrap())).send().await.expect(204);
    eventually("removal", Duration::from_secs(10), async || {
        (outside().get(url).send().await.unwrap().status() == 404).then_some(())
    })
    .await;
}

pub async fn files_are_the_staffs_of_one_store_newest_first(world: World) {
    let (staff, shopper, others) = (&world.ours.merchant, &world.ours.shopper, &world.theirs.merchant);
    let mut made = Vec::new();
    for number in 0..3 {
        made.push(make(staff, &format!("{number}.png"), 64).await["file"]["id"].as_str().unwrap().to_owned());
        // Ids of one millisecond are in no order.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let path = format!("/api/v1/files/{}", made[0]);
    for answer in [
        shopper.get("/api/v1/files").send().await,
        shopper.get(&path).send().await,
        shopper.delete(&path).send().await,
        shopper.post("/api/v1/files").json(&json!({ "name": "x" })).send().await,
    ] {
        answer.expect(403);
    }
    for answer in [
        others.get(&path).send().await,
        others.patch(&path).json(&json!({ "alt": "Ours" })).send().await,
        others.post(&format!("{path}/complete")).send().await,
        others.delete(&path).send().await,
    ] {
        answer.expect_problem(404, "not-found");
    }
    let mut seen = Vec::new();
    let mut cursor = None::<String>;
    while seen.iter().filter(|id| made.contains(id)).count() < made.len() {
        let call = staff.get("/api/v1/files").query(&[("limit", "2")]);
        let call = if let Some(cursor) = &cursor { call.query(&[("cursor", cursor)]) } else { call };
        let page = call.send().await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        cursor = Some(page["nextCursor"].as_str().expect("the story's own files are still to come").to_owned())
            .filter(|_| !made.iter().all(|id| seen.contains(id)));
    }
    let own: Vec<&String> = seen.iter().filter(|id| made.contains(id)).collect();
    assert_eq!(own, made.iter().rev().collect::<Vec<_>>());
    assert!(seen.is_sorted_by(|one, next| next < one), "{seen:?}");
    let listed = others.get("/api/v1/files?limit=250").send().await.expect(200);
    assert!(made.iter().all(|id| !listed.json().to_string().contains(id)));
}

pub async fn a_product_shows_files_and_they_stay_as_long_as_it_does(world: World) {
    let staff = &world.ours.merchant;
    let file = uploaded(staff, "tent.png").await;
    let (id, url) = (file["id"].as_str().unwrap(), file["url"].as_str().unwrap());
    let path = format!("/api/v1/files/{id}");
    let described = json!({ "alt": "A tent", "focalPoint": { "x": 0.5, "y": 0.375 } });
    staff.patch(&path).json(&described).send().await.expect(200);
    let handle = world.name("tent");
    let with = |images: Value| {
        json!({
            "title": "Tent", "handle": handle, "status": "active", "images": images,
            "variants": [{ "sku": handle, "price": { "amount": "1.00", "currency": "EUR" } }],
        })
    };
    // What is not uploaded, is no image's or is another tenant's is none that can be shown.
    let pending = make(staff, "later.png", 64).await["file"]["id"].clone();
    let theirs = uploaded(&world.theirs.merchant, "tent.png").await["id"].clone();
    let wrong = with(json!([{ "fileId": pending }, { "fileId": theirs }, { "fileId": "file_1" }, { "alt": "none" }]));
    let mut places = staff.post("/api/v1/products").json(&wrong).send().await.expect(422).places();
    places.sort();
    assert_eq!(places, ["#/images/0/fileId", "#/images/1/fileId", "#/images/2/fileId", "#/images/3/url"]);
    for focal in [json!({ "x": 2, "y": 0 }), json!({ "x": "0", "y": 0 }), json!({ "x": 0.0001, "y": 0 })] {
        let body = with(json!([{ "fileId": id, "focalPoint": focal }]));
        let answer = staff.post("/api/v1/products").json(&body).send().await.expect(422);
        assert_eq!(answer.places(), ["#/images/0/focalPoint/x"], "{body}");
    }

    let mut body = with(json!([
        { "fileId": id },
        { "url": "https://images.example.com/tent.jpg", "focalPoint": { "x": 0, "y": 1 } },
    ]));
    body["variants"][0]["imageUrl"] = json!(url);
    let made = staff.post("/api/v1/products").json(&body).send().await.expect(201).json();
    assert_eq!(made["images"][0]["fileId"], id);
    let shown = world.ours.product(&handle).await;
    let image = &shown["images"][0];
    assert_eq!((&image["url"], &image["alt"]), (&json!(url), &json!("A tent")));
    assert_eq!(image["focalPoint"], json!({ "x": 0.5, "y": 0.375 }));
    assert_eq!(shown["images"][1]["focalPoint"], json!({ "x": 0, "y": 1 }));
    assert_eq!(shown["variants"][0]["imageUrl"], url);
    assert_eq!(shown["jsonLd"]["image"][0], url);

    staff.delete(&path).send().await.expect_problem(409, "file-in-use");
    assert_eq!(outside().get(url).send().await.unwrap().status(), 200);
    // Something else of the product is changed: its images stay files.
    let product = format!("/api/v1/products/{handle}");
    staff.patch(&product).json(&json!({ "vendor": "Northwind" })).send().await.expect(200);
    staff.delete(&path).send().await.expect_problem(409, "file-in-use");
    let images =
        json!({ "images": [{ "fileId": id, "alt": "Another", "focalPoint": null }], "variants": made["variants"] });
    let changed = staff.patch(&product).json(&images).send().await.expect(200).json();
    assert_eq!(changed["images"][0]["alt"], "Another");
    let mut variants = made["variants"].clone();
    variants[0].as_object_mut().unwrap().remove("imageUrl");
    staff.patch(&product).json(&json!({ "images": null, "variants": variants })).send().await.expect(200);
    staff.delete(&path).send().await.expect(204);

    // With the product goes its hold on the file.
    let file = uploaded(staff, "tent.png").await;
    let path = format!("/api/v1/files/{}", file["id"].as_str().unwrap());
    staff.patch(&product).json(&json!({ "images": [{ "fileId": file["id"] }] })).send().await.expect(200);
    staff.delete(&path).send().await.expect_problem(409, "file-in-use");
    staff.delete(&product).send().await.expect(204);
    staff.delete(&path).send().await.expect(204);
}
