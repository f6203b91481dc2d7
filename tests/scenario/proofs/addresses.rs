//! Categories and collections in a shop of five locales: what they are called in each, and what they were called.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::world::World;

/// What the database says now, in the locale that is named.
async fn named(client: &Client, kind: &str, key: &str, locale: &str) -> Answer {
    let path = format!("/api/v1/{kind}/{}?locale={locale}", key.replace('/', "%2F"));
    client.get(&path).header("cache-control", "no-cache").send().await
}

async fn make(world: &World, kind: &str, body: Value) -> Value {
    world.ours.merchant.post(&format!("/api/v1/{kind}")).json(&body).send().await.expect(201).json()
}

async fn patch(world: &World, kind: &str, made: &Value, body: Value) -> Answer {
    let path = format!("/api/v1/{kind}/{}", made["id"].as_str().unwrap());
    world.ours.merchant.patch(&path).json(&body).send().await
}

fn places(answer: Answer) -> Vec<String> {
    let mut places = answer.expect_problem(422, "invalid-request").places();
    places.sort();
    places
}

fn titles(list: &Answer) -> Vec<String> {
    let items = list.json()["items"].clone();
    items.as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

/// The sitemap that begins with what is `shown` has all its pages, each with the others.
async fn in_sitemap(world: &World, shown: &Value) {
    let path = format!("/api/v1/sitemaps/{}", shown["id"].as_str().unwrap());
    let answer = world.ours.shopper.get(&path).send().await.expect(200);
    let xml = String::from_utf8(answer.body.to_vec()).unwrap();
    let alternates = shown["alternates"].as_array().unwrap();
    let link = |one: &Value, locale: &str| {
        let url = one["url"].as_str().unwrap();
        format!("<xhtml:link rel=\"alternate\" hreflang=\"{locale}\" href=\"{url}\"/>")
    };
    let mut links: String = alternates.iter().map(|one| link(one, one["locale"].as_str().unwrap())).collect();
    links.push_str(&link(&alternates[0], "x-default"));
    for one in alternates {
        let entry = format!("<url><loc>{}</loc>", one["url"].as_str().unwrap());
        let entry = xml.split(&entry).nth(1).unwrap_or_else(|| panic!("{one} is not in {xml}"));
        let (changed, after) = entry.split_once("</lastmod>").unwrap();
        assert!(after.starts_with(&format!("{links}</url>")), "{entry}");
        assert_eq!(changed.strip_prefix("<lastmod>"), shown["updatedAt"].as_str(), "{entry}");
    }
}

pub async fn paths_are_said_handle_by_handle(world: &World) {
    let (staff, shopper) = (&world.ours.merchant, &world.ours.shopper);
    let [outdoor, dehors] = ["outdoor", "dehors"].map(|name| world.name(name));
    let root = json!({ "name": "Outdoor", "handle": outdoor, "translations": { "fr": { "handle": dehors } } });
    let root = make(world, "categories", root).await;
    let all = make(world, "categories", json!({ "name": "All", "handle": "all", "parentId": root["id"] })).await;
    let tents = make(
        world,
        "categories",
        json!({ "name": "Tents", "handle": "tents", "parentId": all["id"],
        "translations": { "fr": { "handle": "tentes", "name": "Tentes" }, "fr-CA": { "handle": "abris" } } }),
    )
    .await;
    let body = json!({ "title": "Peg", "handle": world.name("addressed"), "status": "active", "category": tents["id"],
        "variants": [{ "sku": world.name("addressed"), "price": { "amount": "1", "currency": "EUR" } }] });
    staff.post("/api/v1/products").json(&body).send().await.expect(201);
    let path = |root: &str, leaf: &str| format!("{root}/all/{leaf}");

    // By the handles of the locale or by its own, each by itself; what it is called says the answer.
    for (locale, present) in [
        ("en", path(&outdoor, "tents")),
        ("fr", path(&dehors, "tentes")),
        ("fr-CA", path(&dehors, "abris")),
        ("de", path(&outdoor, "tents")),
    ] {
        for key in [&present, &path(&outdoor, "tents"), tents["id"].as_str().unwrap()] {
            let shown = named(shopper, "categories", key, locale).await.expect(200);
            assert!(shown.spent().sql <= 2, "{shown}");
            let shown = shown.json();
            assert_eq!((&shown["id"], shown["path"].as_str()), (&tents["id"], Some(present.as_str())), "{locale}");
            assert_eq!(shown["handle"].as_str(), present.rsplit('/').next());
            let between = if locale == "en" { String::new() } else { format!("{locale}/") };
            let url = shown["canonicalUrl"].as_str().unwrap();
            assert!(url.ends_with(&format!("/{between}categories/{present}")), "{url}");
        }
        let product = named(shopper, "products", &world.name("addressed"), locale).await.expect(200).json();
        assert_eq!(product["category"]["path"], present.as_str(), "{locale}");
        let by_id = named(shopper, "products", product["id"].as_str().unwrap(), locale).await.expect(200).json();
        assert_eq!(by_id["category"], product["category"]);
        // Lists are narrowed by what it is called there, alone and with prices, and so is its own.
        for more in ["", "&filter[price][min]=1&sort=title", "&sort=price&count=true", "&filter[inStock]=true"] {
            let list = format!("/api/v1/products?filter[category]={present}&locale={locale}{more}");
            assert_eq!(titles(&shopper.get(&list).send().await.expect(200)), ["Peg"], "{list}");
        }
        let own = format!("/api/v1/categories/{}/products?locale={locale}", present.replace('/', "%2F"));
        assert_eq!(titles(&shopper.get(&own).send().await.expect(200)), ["Peg"]);
        let level = format!("/api/v1/categories?filter[parent]={}&locale={locale}", all["id"].as_str().unwrap());
        let level = shopper.get(&level).send().await.expect(200).json();
        assert_eq!(level["items"][0]["path"], present.as_str());
    }
    named(shopper, "categories", &path(&dehors, "abris"), "fr").await.expect_problem(404, "not-found");
    named(shopper, "categories", &path(&dehors, "tentes"), "en").await.expect_problem(404, "not-found");
    let other = format!("/api/v1/products?filter[category]={}&locale=de", path(&dehors, "tentes"));
    assert_eq!(titles(&shopper.get(&other).send().await.expect(200)), [""; 0]);
    let shown = named(shopper, "categories", &path(&outdoor, "tents"), "en").await.expect(200).json();
    let locales = shown["alternates"].as_array().unwrap().iter().map(|one| one["locale"].as_str().unwrap());
    assert_eq!(locales.collect::<Vec<_>>(), ["en", "fr", "fr-CA"]);
    assert!(
        shown["alternates"][2]["url"].as_str().unwrap().ends_with(&format!("/fr-CA/categories/{dehors}/all/abris"))
    );
    in_sitemap(world, &shown).await;
    // The pages of the tree are in the order of their own paths, in every locale.
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let list = format!("/api/v1/categories?limit=2&locale=fr{cursor}");
        let page = shopper.get(&list).send().await.expect(200).json();
        let paths = page["items"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap().to_owned());
        found.extend(paths.filter(|path| path.contains(&dehors)));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, [dehors.clone(), format!("{dehors}/all"), path(&dehors, "tentes")]);

    // A handle of an ancestor changes: all below it is elsewhere, and found by where it was.
    let air = world.name("plein-air");
    patch(world, "categories", &root, json!({ "translations": { "fr": { "handle": air } } })).await.expect(200);
    // Sitemaps say so.
    let elsewhere = named(shopper, "categories", &path(&outdoor, "tents"), "en").await.expect(200).json();
    assert_ne!(elsewhere["updatedAt"], shown["updatedAt"]);
    in_sitemap(world, &elsewhere).await;
    for (locale, leaf) in [("fr", "tentes"), ("fr-CA", "abris")] {
        let moved = named(shopper, "categories", &path(&dehors, leaf), locale).await.expect(301);
        assert_eq!(moved.json(), json!({ "id": tents["id"], "path": path(&air, leaf) }));
        let location = format!("/api/v1/categories/{}?locale={locale}", path(&air, leaf).replace('/', "%2F"));
        assert_eq!(moved.the("location"), location);
        shopper.get(&location).send().await.expect(200);
        let product = named(shopper, "products", &world.name("addressed"), locale).await.expect(200).json();
        assert_eq!(product["category"]["path"], path(&air, leaf).as_str());
    }
    // One of its own moves with others: at once, whatever is in between.
    let moved = json!({ "parentId": root["id"], "translations": { "fr": { "handle": "toiles" }, "fr-CA": null } });
    patch(world, "categories", &tents, moved).await.expect(200);
    for (former, locale, present) in [
        (path(&dehors, "tentes"), "fr", format!("{air}/toiles")),
        (path(&air, "abris"), "fr-CA", format!("{air}/toiles")),
        (path(&outdoor, "tents"), "en", format!("{outdoor}/tents")),
        (path(&outdoor, "tents"), "fr", format!("{air}/toiles")),
    ] {
        let moved = named(shopper, "categories", &former, locale).await.expect(301);
        assert_eq!(moved.json()["path"], present.as_str(), "{former} in {locale}");
    }

    // Among those of one parent a handle is one's in a language.
    let child = |handle: &str, translations: Value| json!({ "name": "x", "handle": handle, "parentId": root["id"], "translations": translations });
    let toiles = json!({ "handle": "toiles" });
    for (body, wrong) in [
        (child("x", json!({ "fr": toiles })), "#/translations/fr/handle"),
        (child("x", json!({ "fr-CA": toiles })), "#/translations/fr-CA/handle"),
        (child("x", json!({ "ar": { "handle": "tents" } })), "#/translations/ar/handle"),
        (child("toiles", json!({})), "#/handle"),
        (child("x", json!({ "fr": { "handle": "A" } })), "#/translations/fr/handle"),
        (child("x", json!({ "fr": { "handle": "a\u{202e}b" } })), "#/translations/fr/handle"),
    ] {
        let refused = staff.post("/api/v1/categories").json(&body).send().await;
        assert_eq!(places(refused), [wrong], "{body}");
    }
    let elsewhere = make(
        world,
        "categories",
        json!({ "name": "x", "handle": world.name("x"),
        "translations": { "fr": toiles } }),
    )
    .await;
    let refused = patch(world, "categories", &elsewhere, json!({ "parentId": root["id"] })).await;
    assert_eq!(places(refused), ["#/translations/fr/handle"]);
    let both = json!({ "parentId": root["id"], "translations": { "fr": { "handle": "autre" } } });
    patch(world, "categories", &elsewhere, both).await.expect(200);
    // Of many who want one at the same moment one has it, by making or by moving.
    let twins = join_all((0..4).map(|at| {
        let body = json!({ "name": "x", "handle": world.name(&format!("twin-{at}")),
            "translations": { "fr": { "handle": "jumeau" } } });
        let below = make(world, "categories", json!({ "name": "x", "handle": world.name(&format!("of-{at}")) }));
        async move {
            let below = below.await;
            let mut body = body;
            body["parentId"] = below["id"].clone();
            make(world, "categories", body).await
        }
    }))
    .await;
    let moves = twins.iter().map(|twin| patch(world, "categories", twin, json!({ "parentId": root["id"] })));
    let makes = (0..4).map(|at| {
        let body = child(&format!("made-{at}"), json!({ "fr-CA": { "handle": "jumeau" } }));
        async move { staff.post("/api/v1/categories").json(&body).send().await }
    });
    let (moved, made) = futures_util::future::join(join_all(moves), join_all(makes)).await;
    let done: Vec<Answer> =
        moved.into_iter().chain(made).filter(|answer| [200, 201].contains(&answer.status)).collect();
    assert_eq!(done.len(), 1, "{done:?}");
    let found = named(shopper, "categories", &format!("{air}/jumeau"), "fr-CA").await.expect(200).json();
    assert_eq!(found["id"], done[0].json()["id"]);
    // A file cannot take it either, and the rest of the file goes in.
    let product =
        |name: &str, category: &str| crate::product_file::Product::simple(&world.name(name), "1", 1).category(category);
    let products =
        [product("filed", &format!("{outdoor} > toiles")), product("filed-beside", &format!("{outdoor} > other"))];
    let text = crate::product_file::file(crate::product_file::Generation::Newer, &products);
    let report = world.ours.import_file(text).await.expect(200).json();
    assert_eq!((&report["products"]["failed"], &report["products"]["created"]), (&json!(1), &json!(1)), "{report}");
    assert!(report["errors"][0]["reason"].as_str().unwrap().contains("another locale"), "{report}");
}

pub async fn a_collection_is_called_so_in_each_locale(world: &World) {
    let shopper = &world.ours.shopper;
    let [summer, ete, estival] = ["summertime", "ete", "estival"].map(|name| world.name(name));
    let body =
        json!({ "name": "Summer", "handle": summer, "translations": { "fr": { "handle": ete, "name": "Été" } } });
    let made = make(world, "collections", body).await;
    for (locale, handle) in [("en", &summer), ("fr", &ete), ("fr-CA", &ete), ("de", &summer)] {
        for key in [handle, &summer] {
            let shown = named(shopper, "collections", key, locale).await.expect(200).json();
            assert_eq!((&shown["id"], shown["handle"].as_str()), (&made["id"], Some(handle.as_str())), "{locale}");
            let url = shown["canonicalUrl"].as_str().unwrap();
            assert!(
                url.ends_with(&format!("/collections/{handle}")) && url.contains("/fr") == (handle == &ete),
                "{url}"
            );
            let locales = shown["alternates"].as_array().unwrap().iter().map(|one| one["locale"].as_str().unwrap());
            assert_eq!(locales.collect::<Vec<_>>(), ["en", "fr", "fr-CA"]);
            in_sitemap(world, &shown).await;
        }
        let own = format!("/api/v1/collections/{handle}/products?locale={locale}");
        shopper.get(&own).send().await.expect(200);
        let list = format!("/api/v1/products?filter[collection]={handle}&locale={locale}&sort=manual");
        shopper.get(&list).send().await.expect(200);
    }
    named(shopper, "collections", &ete, "ar").await.expect_problem(404, "not-found");
    for (body, wrong) in [
        (json!({ "name": "x", "translations": { "fr-CA": { "handle": ete } } }), "#/translations/fr-CA/handle"),
        (json!({ "name": "x", "translations": { "ar": { "handle": summer } } }), "#/translations/ar/handle"),
        (json!({ "name": "x", "handle": ete }), "#/handle"),
    ] {
        let mut body = body;
        body["name"] = json!(world.name("another"));
        let refused = world.ours.merchant.post("/api/v1/collections").json(&body).send().await;
        assert_eq!(places(refused), [wrong], "{body}");
    }
    patch(world, "collections", &made, json!({ "translations": { "fr": { "handle": estival } } })).await.expect(200);
    for locale in ["fr", "fr-CA"] {
        let moved = named(shopper, "collections", &ete, locale).await.expect(301);
        assert_eq!(moved.the("location"), format!("/api/v1/collections/{estival}?locale={locale}"));
        assert_eq!(moved.json(), json!({ "id": made["id"], "handle": estival }));
    }
    // Taken away, it leads to its own; and its own, changed, to what it is called where that is asked for.
    patch(world, "collections", &made, json!({ "translations": { "fr": { "handle": null } } })).await.expect(200);
    assert_eq!(named(shopper, "collections", &estival, "fr").await.expect(301).json()["handle"], summer.as_str());
    let both = json!({ "handle": world.name("warm"), "translations": { "fr": { "handle": ete } } });
    patch(world, "collections", &made, both).await.expect(200);
    for (locale, present) in [("en", world.name("warm")), ("fr", ete), ("de", world.name("warm"))] {
        assert_eq!(named(shopper, "collections", &summer, locale).await.expect(301).json()["handle"], present.as_str());
    }
}
