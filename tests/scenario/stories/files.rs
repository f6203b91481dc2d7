//! Files go straight to the file store, by a URL that is good for one of its kind and size.

use std::time::Duration;

use http::Method;
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

fn pdf() -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.resize(64, b' ');
    bytes
}

/// A manual that is ready.
pub async fn manual(client: &Client) -> Value {
    let body = json!({ "name": "Manual.pdf", "contentType": "application/pdf", "bytes": pdf().len() });
    let made = client.post("/api/v1/files").json(&body).send().await.expect(201).json();
    assert_eq!(put(&made["upload"], pdf()).await, 200);
    complete(client, &made).await.expect(200).json()
}

pub fn path_of(file: &Value) -> String {
    format!("/api/v1/files/{}", file["id"].as_str().unwrap())
}

async fn declare(world: &World, name: &str, more: Value) -> String {
    let key = world.name(name).to_lowercase();
    let mut body = json!({ "key": key, "name": name, "of": "product" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.ours.merchant.post("/api/v1/admin/attributes").json(&body).send().await.expect(201);
    key
}

pub async fn files_that_attributes_refer_to_are_shown_and_stay(world: World) {
    let staff = &world.ours.merchant;
    let (papers, sheet, note) = (
        declare(&world, "papers", json!({ "type": "list", "items": "reference", "target": "file" })).await,
        declare(&world, "sheet", json!({ "of": "variant", "type": "reference", "target": "file" })).await,
        declare(&world, "note", json!({ "type": "text" })).await,
    );
    let (first, second, third) = (manual(staff).await, manual(staff).await, manual(staff).await);
    let shown_as = |file: &Value| {
        json!({
            "id": file["id"], "url": file["url"], "contentType": "application/pdf", "name": "Manual.pdf", "bytes": 64,
        })
    };
    let handle = world.name("tent");
    let body = json!({
        "title": "Tent", "handle": handle, "status": "active",
        // What is no reference holds nothing.
        "attributes": { &papers: [first["id"], second["id"]], &note: third["id"] },
        "variants": [{
            "sku": handle, "price": { "amount": "1.00", "currency": "EUR" }, "attributes": { &sheet: second["id"] },
        }],
    });
    staff.post("/api/v1/products").json(&body).send().await.expect(201);
    let of_sheet = json!({ "type": "reference", "value": second["id"], "files": [shown_as(&second)] });
    let check = async || {
        let shown = world.ours.product(&handle).await;
        let list = &shown["attributes"][&papers];
        assert_eq!(list["value"], json!([first["id"], second["id"]]));
        assert_eq!(list["files"], json!([shown_as(&first), shown_as(&second)]));
        assert_eq!(shown["variants"][0]["attributes"][&sheet], of_sheet);
        assert_eq!(shown["attributes"][&note], json!({ "type": "text", "value": third["id"] }));
    };
    check().await;
    let read = outside().get(first["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(read.bytes().await.unwrap(), pdf());

    // Whoever writes something else of the product keeps them: one by one, in bulk, from a file.
    let product = format!("/api/v1/products/{handle}");
    staff.patch(&product).json(&json!({ "vendor": "Northwind" })).send().await.expect(200);
    check().await;
    let job = staff.post("/api/v1/admin/bulk/upserts").json(&json!({ "name": handle })).send().await.expect(201);
    let line = json!({ "handle": handle, "vendor": "Southwind" }).to_string();
    let part = format!("{}/parts/1", job.the("location"));
    let done = staff.call(Method::PUT, &part).body("application/jsonl", line).send().await.expect(200).json();
    assert_eq!((&done["updated"], &done["failed"]), (&json!(1), &json!(0)));
    check().await;
    world
        .ours
        .import_file(format!("Handle,Title,Variant SKU,Variant Price\n{handle},Tent,{handle},2.00\n"))
        .await
        .expect(200);
    check().await;

    for file in [&first, &second] {
        staff.delete(&path_of(file)).send().await.expect_problem(409, "file-in-use");
    }
    staff.delete(&path_of(&first)).header("if-match", "\"9\"").send().await.expect_problem(412, "version-mismatch");
    staff.delete(&path_of(&third)).send().await.expect(204);
    staff.patch(&product).json(&json!({ "attributes": { &papers: [second["id"]] } })).send().await.expect(200);
    staff.delete(&path_of(&first)).send().await.expect(204);
    let gone = json!({ "attributes": { &papers: [first["id"]] } });
    let places = staff.patch(&product).json(&gone).send().await.expect(422).places();
    assert_eq!(places, [format!("#/attributes/{papers}/0")]);
    staff.delete(&product).send().await.expect(204);
    staff.delete(&path_of(&second)).send().await.expect(204);
}

pub async fn a_file_is_either_referred_to_or_removed(world: World) {
    let staff = &world.ours.merchant;
    let paper = declare(&world, "paper", json!({ "type": "reference", "target": "file" })).await;
    for round in 0..4 {
        let file = manual(staff).await;
        let handle = world.name(&format!("tent{round}"));
        let body = json!({
            "title": "Tent", "handle": handle, "status": "active", "attributes": { &paper: file["id"] },
            "variants": [{ "sku": handle }],
        });
        let path = path_of(&file);
        let create = staff.post("/api/v1/products").json(&body);
        let (made, removed) = futures_util::future::join(create.send(), staff.delete(&path).send()).await;
        let outcome = (made.status, removed.status);
        assert!(matches!(outcome, (201, 409) | (422, 204)), "{outcome:?}");
        let is_there = staff.get(&path).send().await.status == 200;
        assert_eq!(is_there, made.status == 201);
    }
}

pub async fn a_file_stays_while_a_category_or_collection_shows_it(world: World) {
    let staff = &world.ours.merchant;
    let (image, other) = (uploaded(staff, "tents.png").await, manual(staff).await);
    let url = image["url"].as_str().unwrap();
    for kind in ["categories", "collections"] {
        let all = format!("/api/v1/{kind}");
        let named = |handle: &str, url: &str| json!({ "name": "Tents", "handle": world.name(handle), "imageUrl": url });
        // As the store resizes it.
        let body = named("tents", &format!("{url}?width=200"));
        let made = staff.post(&all).json(&body).send().await.expect(201).json();
        let path = format!("{all}/{}", made["id"].as_str().unwrap());
        staff.delete(&path_of(&image)).send().await.expect_problem(409, "file-in-use");
        staff.patch(&path).json(&json!({ "imageUrl": null })).send().await.expect(200);
        staff.patch(&path).json(&json!({ "imageUrl": url })).send().await.expect(200);
        staff.delete(&path_of(&image)).send().await.expect_problem(409, "file-in-use");
        // Nothing shows what is no image, or not there.
        let gone = url.replace("tents.png", "gone.png");
        for wrong in [gone.as_str(), other["url"].as_str().unwrap()] {
            let answer = staff.post(&all).json(&named("wrong", wrong)).send().await.expect(422);
            assert_eq!(answer.places(), ["#/imageUrl"]);
            let answer = staff.patch(&path).json(&json!({ "imageUrl": wrong })).send().await.expect(422);
            assert_eq!(answer.places(), ["#/imageUrl"]);
        }
        staff.patch(&path).json(&json!({ "imageUrl": "https://images.example.com/1.png" })).send().await.expect(200);
    }
    staff.delete(&path_of(&image)).send().await.expect(204);
}
