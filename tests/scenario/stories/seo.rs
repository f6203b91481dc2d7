//! What search engines see: one address for each product, also after it was renamed, and a list of all of them.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::world::World;

async fn make(staff: &Client, body: Value) -> Value {
    staff.post("/api/v1/products").json(&body).send().await.expect(201).json()
}

fn sold(handle: &str) -> Value {
    json!({ "title": handle, "handle": handle, "status": "active",
        "variants": [{ "sku": format!("{handle}-1"), "price": { "amount": "12.50", "currency": "EUR" } }] })
}

async fn rename(staff: &Client, id: &Value, handle: &str) {
    let path = format!("/api/v1/products/{}", id.as_str().unwrap());
    staff.patch(&path).json(&json!({ "handle": handle })).send().await.expect(200);
}

async fn get(client: &Client, handle: &str) -> Answer {
    // Where others hold what is asked for, it is what was there a moment ago.
    client.get(&format!("/api/v1/products/{handle}")).header("cache-control", "no-cache").send().await
}

pub async fn a_former_handle_leads_to_the_present_one(world: World) {
    let staff = &world.ours.merchant;
    let [first, second, third] = ["first", "second", "third"].map(|name| world.name(name));
    let made = make(staff, sold(&first)).await;
    get(staff, &first).await.expect(200);
    rename(staff, &made["id"], &second).await;
    let moved = get(staff, &first).await.expect(301);
    assert_eq!(moved.the("location"), format!("/api/v1/products/{second}"));
    assert_eq!(moved.json(), json!({ "id": made["id"], "handle": second }));
    assert_eq!(moved.spent().sql, 1);
    assert!(moved.the("cache-tag").contains(made["id"].as_str().unwrap()));
    get(&world.theirs.merchant, &first).await.expect_problem(404, "not-found");

    // However often it is renamed, it is one step to where it is.
    rename(staff, &made["id"], &third).await;
    for former in [&first, &second] {
        let moved = get(staff, former).await.expect(301);
        assert_eq!(moved.the("location"), format!("/api/v1/products/{third}"));
        assert_eq!(get(staff, &third).await.expect(200).json()["id"], made["id"]);
    }
    // A product that takes a former handle has it.
    let mut body = sold(&first);
    body["variants"][0]["sku"] = json!(world.name("another"));
    let other = make(staff, body).await;
    assert_eq!(get(staff, &first).await.expect(200).json()["id"], other["id"]);
    // Back to a name of before: nothing leads in a circle.
    rename(staff, &made["id"], &second).await;
    assert_eq!(get(staff, &second).await.expect(200).json()["id"], made["id"]);
    assert_eq!(get(staff, &third).await.expect(301).the("location"), format!("/api/v1/products/{second}"));
    // What is not shown leads nowhere.
    let path = format!("/api/v1/products/{}", made["id"].as_str().unwrap());
    staff.patch(&path).json(&json!({ "status": "draft" })).send().await.expect(200);
    get(staff, &third).await.expect_problem(404, "not-found");
    staff.patch(&path).json(&json!({ "status": "active" })).send().await.expect(200);
    get(staff, &third).await.expect(301);
    staff.delete(&path).send().await.expect(204);
    get(staff, &third).await.expect_problem(404, "not-found");
    // Handles of any script stand in the header encoded.
    let tent = world.name("텐트");
    let made = make(staff, sold(&world.name("tent"))).await;
    rename(staff, &made["id"], &tent).await;
    let moved = get(staff, &world.name("tent")).await.expect(301);
    assert!(moved.the("location").ends_with("-%ED%85%90%ED%8A%B8"), "{moved}");
    let shown = staff.get(moved.the("location")).send().await.expect(200).json();
    assert_eq!(shown["handle"], tent.as_str());
    assert!(shown["canonicalUrl"].as_str().unwrap().ends_with("-%ED%85%90%ED%8A%B8"), "{shown}");
}

pub async fn search_engines_are_told_prices_and_what_is_left(world: World) {
    let staff = &world.ours.merchant;
    let handle = world.name("tent");
    let variant = |sku: &str, colour: &str, price: &str, quantity: i64, more: bool| {
        json!({
            "sku": world.name(sku), "options": [colour], "price": { "amount": price, "currency": "EUR" },
            "inventory": { "quantity": quantity, "tracked": true, "continueSelling": more },
        })
    };
    make(
        staff,
        json!({
            "title": "Tent </script><script>alert(1)</script>", "handle": handle, "status": "active",
            "vendor": "North & wind", "options": [{ "name": "Colour" }],
            "images": [{ "url": "https://images.example.com/tent.jpg" }],
            "seo": { "description": "A <b>light</b> tent." },
            "variants": [variant("moss", "Moss", "189.00", 1, false), variant("sand", "Sand", "209.50", 0, true),
                variant("rock", "Rock", "1.00", 0, false)],
        }),
    )
    .await;
    let shown = get(staff, &handle).await.expect(200);
    let body = shown.json();
    let offer = |sku: &str, price: &str, availability: &str| {
        json!({ "@type": "Offer", "sku": world.name(sku), "price": price, "priceCurrency": "EUR",
            "availability": format!("https://schema.org/{availability}") })
    };
    let url = body["canonicalUrl"].as_str().unwrap();
    assert!(url.ends_with(&format!("/products/{handle}")), "{url}");
    let expected = json!({
        "@context": "https://schema.org", "@type": "Product", "name": "Tent </script><script>alert(1)</script>",
        "description": "A <b>light</b> tent.", "brand": { "@type": "Brand", "name": "North & wind" },
        "image": ["https://images.example.com/tent.jpg"], "url": url,
        "offers": [offer("moss", "189.00", "InStock"), offer("sand", "209.50", "BackOrder"),
            offer("rock", "1.00", "OutOfStock")],
    });
    assert_eq!(body["jsonLd"], expected);
    // It may stand in a page as it is.
    let text = String::from_utf8(shown.body.to_vec()).unwrap();
    let told = text.split("\"jsonLd\":").nth(1).unwrap().split("\"canonicalUrl\"").next().unwrap();
    assert!(!told.contains('<') && told.contains("\\u003c/script>"), "{told}");
    // What is left changes by itself.
    let moss = body["variants"][0]["id"].as_str().unwrap();
    let checkout = world.ours.opened(&[(moss, 1)]).await;
    world.ours.complete(&checkout, &world.name("buy")).await.expect(201);
    let body = get(staff, &handle).await.expect(200).json();
    assert_eq!(body["jsonLd"]["offers"][0], offer("moss", "189.00", "OutOfStock"));
}

/// The addresses in a sitemap, with when they were changed.
fn entries(xml: &str) -> Vec<(String, String)> {
    let between = |text: &str, tag: &str| {
        let rest = text.split_once(&format!("<{tag}>")).unwrap().1;
        rest.split_once(&format!("</{tag}>")).unwrap().0.to_owned()
    };
    xml.split("<loc>")
        .skip(1)
        .map(|entry| {
            let entry = format!("<loc>{entry}");
            (between(&entry, "loc"), between(&entry, "lastmod"))
        })
        .collect()
}

async fn sitemap(client: &Client) -> Vec<(String, String)> {
    let index = client.get("/api/v1/sitemaps").send().await.expect(200);
    assert_eq!(index.the("content-type"), "application/xml");
    let index = String::from_utf8(index.body.to_vec()).unwrap();
    assert!(index.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex "), "{index}");
    let mut found = Vec::new();
    for (url, _) in entries(&index) {
        let page = url.rsplit('/').next().unwrap().strip_suffix(".xml").unwrap().to_owned();
        let xml = client.get(&format!("/api/v1/sitemaps/{page}")).send().await.expect(200);
        assert!(
            0 < xml.the("catalog-version").parse::<i64>().unwrap() && xml.the("cache-tag").starts_with("products-")
        );
        let xml = String::from_utf8(xml.body.to_vec()).unwrap();
        assert!(xml.ends_with("</urlset>\n"), "{xml}");
        found.extend(entries(&xml));
    }
    found
}

pub async fn sitemaps_list_what_is_shown_by_its_present_handle(world: World) {
    let staff = &world.ours.merchant;
    let [shown, draft, renamed] = ["shown", "draft", "renamed"].map(|name| world.name(name));
    make(staff, sold(&shown)).await;
    make(staff, json!({ "title": "Draft", "handle": draft })).await;
    let made = make(staff, sold(&world.name("before"))).await;
    rename(staff, &made["id"], &renamed).await;
    let found = sitemap(&world.ours.shopper).await;
    let of = |handle: &str| found.iter().filter(|(url, _)| url.ends_with(&format!("/products/{handle}"))).count();
    assert_eq!([of(&shown), of(&renamed), of(&draft), of(&world.name("before"))], [1, 1, 0, 0]);
    let body = world.ours.product(&renamed).await;
    let entry = found.iter().find(|(url, _)| body["canonicalUrl"] == url.as_str()).unwrap();
    assert_eq!(body["updatedAt"], entry.1.as_str());
    let theirs = sitemap(&world.theirs.shopper).await;
    assert!(theirs.iter().all(|(url, _)| !url.contains(&world.mark)), "another tenant's");
    for bad in
        ["1", "prod_", "cat_", "chan_01h455vb4pex5vsknk084sn02q", "..", "%00", "prod_01h455vb4pex5vsknk084sn02q.xml"]
    {
        let answer = world.ours.shopper.get(&format!("/api/v1/sitemaps/{bad}")).send().await;
        assert_eq!(answer.status, 404, "{answer}");
    }
}

pub async fn sitemaps_list_categories_and_collections_where_they_are(world: World) {
    let staff = &world.ours.merchant;
    let [before, after, below, chosen] = ["before", "after", "below", "chosen"].map(|name| world.name(name));
    let make = async |kind: &str, body: Value| {
        staff.post(&format!("/api/v1/{kind}")).json(&body).send().await.expect(201).json()
    };
    let root = make("categories", json!({ "name": before, "handle": before })).await;
    make("categories", json!({ "name": below, "handle": below, "parentId": root["id"] })).await;
    let path = format!("/api/v1/categories/{}", root["id"].as_str().unwrap());
    staff.patch(&path).json(&json!({ "handle": after })).send().await.expect(200);
    make("collections", json!({ "name": chosen, "handle": chosen })).await;
    let found = sitemap(&world.ours.shopper).await;
    let of = |page: &str| found.iter().filter(|(url, _)| url.ends_with(&format!("/{page}"))).count();
    let pages = [
        format!("categories/{after}"),
        format!("categories/{after}/{below}"),
        format!("collections/{chosen}"),
        format!("categories/{before}"),
    ];
    assert_eq!(pages.each_ref().map(|page| of(page)), [1, 1, 1, 0]);
    let theirs = sitemap(&world.theirs.shopper).await;
    assert!(theirs.iter().all(|(url, _)| !url.contains(&world.mark)), "another tenant's");
}
