//! A shop in five locales: one of its own, one that is written from right to left, one that falls back to its
//! language, and one that nothing is translated to.

use headlesspro_edge::port::sql::{Commit, Committed, Statement};
use headlesspro_shared::catalog::sitemap::product_page;
use serde_json::{Value, json};

use super::addresses;
use crate::app::{Kind, Stage};
use crate::client::{Answer, Client};
use crate::product_file::Product;
use crate::world::World;

const IMAGE: &str = "https://images.example.com/tent.jpg";

/// Before anybody has heard of the shop: what it was is remembered for a while.
const SPEAK: &str = "UPDATE store SET locale = 'en', locales = 'fr fr-CA ar de' WHERE organization_id = ?1";

/// What was given, and what a release that does not keep it does.
const OF_CATEGORY: [&str; 2] = [
    "SELECT given_translations FROM category WHERE organization_id = ?1 AND id = ?2",
    "UPDATE category SET version = version + 1, translations = '{\"fr\":{\"description\":\"<i>y</i>\"}}'
     WHERE organization_id = ?1 AND id = ?2",
];
const OF_COLLECTION: [&str; 2] = [
    "SELECT given_translations FROM collection WHERE organization_id = ?1 AND id = ?2",
    "UPDATE collection SET version = version + 1, translations = '{\"fr\":{\"description\":\"<i>y</i>\"}}'
     WHERE organization_id = ?1 AND id = ?2",
];

pub fn products_are_told_in_the_locale_that_is_asked_for(stage: &Stage, kind: Kind) {
    stage.run(async {
        let mut speak = Commit::new();
        speak.push(Statement::new(SPEAK).bind(stage.our_organization()));
        let spoken = stage.sql().commit(&speak).await.unwrap();
        assert!(matches!(spoken, Committed::Done { .. }), "{spoken:?}");
        let world = stage.world();
        let made = make(&world, &tent(&world)).await;
        each_text_is_the_nearest(&world, &made).await;
        the_locale_is_the_one_that_is_preferred(&world).await;
        search_engines_are_told_all_locales(&world, &made).await;
        lists_have_their_cards_in_the_locale(&world).await;
        a_handle_finds_one_product_in_a_language(&world, &made).await;
        former_handles_lead_to_the_present_one(&world, &made).await;
        what_is_wrong_is_named(&world, &made).await;
        imports_keep_translations(&world, &made).await;
        addresses::paths_are_said_handle_by_handle(&world).await;
        addresses::a_collection_is_called_so_in_each_locale(&world).await;
        for (kind, handle) in [("categories", "shelter"), ("collections", "summer")] {
            categories_and_collections_are_called_so(&world, kind, handle).await;
            translations_are_kept_as_given(stage, kind).await;
        }
        // Elsewhere nothing is negotiated.
        let there = json!({ "title": "Mug", "handle": world.name("mug"), "status": "active",
            "variants": [{ "sku": world.name("mug"), "price": { "amount": "1.000", "currency": "BHD" } }] });
        world.theirs.merchant.post("/api/v1/products").json(&there).send().await.expect(201);
        let path = format!("/api/v1/products/{}", world.name("mug"));
        let shown = world.theirs.shopper.get(&path).header("accept-language", "fr").send().await.expect(200);
        assert_eq!((shown.the("vary"), shown.header("content-language")), ("Authorization, X-Publishable-Key", None));
        println!("{kind}: five locales");
    });
}

fn tent(world: &World) -> Value {
    json!({
        "handle": world.name("tent"),
        "title": "Tunnel Tent",
        "description": "<p>Light</p>",
        "status": "active",
        "tags": [world.name("tents")],
        "options": [{ "name": "Colour", "values": ["Sand", "Moss"] }],
        "images": [{ "url": IMAGE, "alt": "A tent" }],
        "seo": { "description": "For two" },
        "variants": [variant(world, "Moss", "189.00"), variant(world, "Sand", "209.00")],
        "translations": {
            "fr": {
                "handle": world.name("tente"),
                "title": "Tente tunnel",
                "description": "<p onclick=\"voler()\">Légère</p><script>alert(1)</script>",
                "options": { "Colour": "Couleur" },
                "optionValues": { "Colour": { "Moss": "Mousse, \"price\":1", "Sand": "Sable" } },
                "imageAlts": { IMAGE: "Une tente" },
            },
            "fr-CA": { "title": "Tente-tunnel", "optionValues": { "Colour": { "Sand": "Sable pâle" } } },
            "ar": { "handle": world.name("خيمة"), "title": "خيمة نفقية", "seo": { "title": "الخيمة" } },
        },
    })
}

fn variant(world: &World, colour: &str, price: &str) -> Value {
    json!({
        "sku": format!("{}-{colour}", world.name("tent")),
        "options": [colour],
        "price": { "amount": price, "currency": "EUR" },
        "inventory": { "quantity": 3 },
    })
}

async fn make(world: &World, body: &Value) -> Value {
    world.ours.merchant.post("/api/v1/products").json(body).send().await.expect(201).json()
}

async fn search_engines_are_told_all_locales(world: &World, made: &Value) {
    let shown = named(&world.ours.shopper, &world.name("tent"), "en").await.expect(200).json();
    let base = shown["canonicalUrl"].as_str().unwrap().split_once("/products/").unwrap().0.to_owned();
    let page = |locale: &str, handle: &str| {
        let between = if locale == "en" { String::new() } else { format!("/{locale}") };
        json!({ "locale": locale, "url": format!("{base}{between}/{}", product_page(&world.name(handle))) })
    };
    // Nothing is said in German; what is said in French is in Canada too.
    let expected = [page("en", "tent"), page("fr", "tente"), page("fr-CA", "tente"), page("ar", "خيمة")];
    assert_eq!(shown["alternates"], json!(expected));
    let french = named(&world.ours.shopper, &world.name("tente"), "fr-CA").await.expect(200).json();
    assert_eq!((&french["alternates"], &french["canonicalUrl"]), (&json!(expected), &expected[2]["url"]));
    let price = json!({ "amount": "9.00", "currency": "EUR" });
    let plain = json!({
        "title": "Plain", "handle": world.name("untold"), "status": "active",
        "variants": [{ "sku": world.name("untold"), "price": price }],
    });
    make(world, &plain).await;
    let shown = named(&world.ours.shopper, &world.name("untold"), "fr").await.expect(200).json();
    assert_eq!(shown.get("alternates"), None);

    let text = async |path: &str| {
        let answer = world.ours.shopper.get(path).send().await.expect(200);
        String::from_utf8(answer.body.to_vec()).unwrap()
    };
    let xml = text(&format!("/api/v1/sitemaps/{}", made["id"].as_str().unwrap())).await;
    let mut links: String = expected
        .iter()
        .map(|one| {
            let (locale, url) = (one["locale"].as_str().unwrap(), one["url"].as_str().unwrap());
            format!("<xhtml:link rel=\"alternate\" hreflang=\"{locale}\" href=\"{url}\"/>")
        })
        .collect();
    let default = expected[0]["url"].as_str().unwrap();
    links.push_str(&format!("<xhtml:link rel=\"alternate\" hreflang=\"x-default\" href=\"{default}\"/></url>"));
    for one in &expected {
        let entry = xml.split(&format!("<loc>{}</loc>", one["url"].as_str().unwrap())).nth(1).unwrap_or_else(|| {
            panic!("{one} is not in {xml}");
        });
        assert!(entry.split_once("</lastmod>").unwrap().1.starts_with(&links), "{entry}");
    }
    let untold = format!("/{}</loc>", product_page(&world.name("untold")));
    assert!(xml.split(&untold).nth(1).unwrap().split_once("</lastmod>").unwrap().1.starts_with("</url>"));
    assert!(text("/api/v1/sitemaps").await.contains("/sitemaps/prod_"));
}

async fn patch(world: &World, made: &Value, body: &Value) -> Answer {
    let path = format!("/api/v1/products/{}", made["id"].as_str().unwrap());
    world.ours.merchant.patch(&path).json(body).send().await
}

/// What the database says now, in the locale that is named.
async fn named(client: &Client, handle: &str, locale: &str) -> Answer {
    let path = format!("/api/v1/{}?locale={locale}", product_page(handle));
    client.get(&path).header("cache-control", "no-cache").send().await
}

async fn accepted(world: &World, handle: &str, header: &str) -> Answer {
    let path = format!("/api/v1/{}", product_page(handle));
    let answer = world.ours.shopper.get(&path).header("accept-language", header).send().await.expect(200);
    assert_eq!(answer.the("vary"), "Authorization, X-Publishable-Key, Accept-Language");
    answer
}

async fn each_text_is_the_nearest(world: &World, made: &Value) {
    let handle = world.name("tente");
    let french = named(&world.ours.shopper, &handle, "fr").await.expect(200);
    assert_eq!((french.the("content-language"), french.the("vary")), ("fr", "Authorization, X-Publishable-Key"));
    let french = french.json();
    assert_eq!((&french["id"], french["handle"].as_str()), (&made["id"], Some(handle.as_str())));
    assert_eq!(
        (french["title"].as_str(), french["description"].as_str()),
        (Some("Tente tunnel"), Some("<p>Légère</p>"))
    );
    assert_eq!(french["seo"], json!({ "title": "Tente tunnel", "description": "For two" }));
    assert_eq!(french["options"], json!([{ "name": "Couleur", "values": ["Sable", "Mousse, \"price\":1"] }]));
    assert_eq!(french["images"][0]["alt"], "Une tente");
    let [moss, sand] = [&french["variants"][0], &french["variants"][1]];
    assert_eq!((moss["title"].as_str(), sand["title"].as_str()), (Some("Mousse, \"price\":1"), Some("Sable")));
    assert_eq!(sand["options"], json!([{ "name": "Couleur", "value": "Sable" }]));
    assert_eq!(
        (sand["price"]["amount"].as_str(), sand["availability"]["quantity"].as_i64()),
        (Some("209.00"), Some(3))
    );
    let url = french["canonicalUrl"].as_str().unwrap();
    assert!(url.ends_with(&format!("/fr/products/{handle}")) && french["jsonLd"]["url"] == url, "{url}");
    assert_eq!(french["jsonLd"]["name"], "Tente tunnel");

    // Falls back to its language text by text, and from there to the product's own.
    let canadian = named(&world.ours.shopper, &handle, "fr-ca").await.expect(200);
    assert_eq!(canadian.the("content-language"), "fr-CA");
    let canadian = canadian.json();
    assert_eq!((canadian["title"].as_str(), &canadian["description"]), (Some("Tente-tunnel"), &french["description"]));
    assert_eq!(canadian["options"][0]["values"], json!(["Sable pâle", "Mousse, \"price\":1"]));
    assert!(canadian["canonicalUrl"].as_str().unwrap().ends_with(&format!("/fr-CA/products/{handle}")));

    let arabic = named(&world.ours.shopper, &world.name("خيمة"), "ar").await.expect(200).json();
    assert_eq!((arabic["title"].as_str(), arabic["seo"]["title"].as_str()), (Some("خيمة نفقية"), Some("الخيمة")));
    assert_eq!(
        (&arabic["options"], arabic["description"].as_str()),
        (&json!([{ "name": "Colour", "values": ["Sand", "Moss"] }]), Some("<p>Light</p>"))
    );
    assert!(arabic["canonicalUrl"].as_str().unwrap().ends_with("-%D8%AE%D9%8A%D9%85%D8%A9"), "{arabic}");

    // To German nothing is translated: the product's own texts, of a German page.
    let german = named(&world.ours.shopper, &world.name("tent"), "de").await.expect(200);
    assert_eq!(german.the("content-language"), "de");
    assert_eq!(german.json()["title"], "Tunnel Tent");
    // By its own handle it is found in every locale, by its id too.
    for key in [world.name("tent"), made["id"].as_str().unwrap().to_owned()] {
        assert_eq!(named(&world.ours.shopper, &key, "fr").await.expect(200).json()["title"], "Tente tunnel");
    }
    for (handle, locale) in [(&handle, "en"), (&handle, "de"), (&handle, "ar"), (&world.name("خيمة"), "fr")] {
        named(&world.ours.shopper, handle, locale).await.expect_problem(404, "not-found");
    }
    // The staff sees all of it.
    let path = format!("/api/v1/admin/products/{}", made["id"].as_str().unwrap());
    assert_eq!(world.ours.merchant.get(&path).send().await.expect(200).json()["translations"], made["translations"]);
    assert_eq!(made["translations"]["fr-CA"]["title"], "Tente-tunnel");
}

async fn the_locale_is_the_one_that_is_preferred(world: &World) {
    let handle = world.name("tent");
    for (header, locale, title) in [
        ("", "en", "Tunnel Tent"),
        ("fr-CA, fr;q=0.9", "fr-CA", "Tente-tunnel"),
        ("fr-BE, en;q=0.5", "fr", "Tente tunnel"),
        ("ja, ar;q=0.2", "ar", "خيمة نفقية"),
        ("de;q=0.1, en;q=0.2", "en", "Tunnel Tent"),
        ("ja", "en", "Tunnel Tent"),
        (",,;q=1, fr;q=nonsense, *;q=0, \u{fc}", "en", "Tunnel Tent"),
        (&"fr-".repeat(1_000), "en", "Tunnel Tent"),
    ] {
        // Twice: what is kept is kept by its locale.
        for _ in 0..2 {
            let shown = accepted(world, &handle, header).await;
            assert_eq!(
                (shown.the("content-language"), shown.json()["title"].as_str()),
                (locale, Some(title)),
                "{header}"
            );
            assert!(shown.spent().sql <= 2, "{shown}");
        }
    }
    let path = format!("/api/v1/products/{handle}?locale=ar");
    let shown = world.ours.shopper.get(&path).header("accept-language", "fr").send().await.expect(200);
    assert_eq!((shown.the("content-language"), shown.the("vary")), ("ar", "Authorization, X-Publishable-Key"));
    let same = world.ours.shopper.get(&path).header("if-none-match", shown.the("etag")).send().await.expect(304);
    assert_eq!(same.the("content-language"), "ar");
}

async fn lists_have_their_cards_in_the_locale(world: &World) {
    let plain = json!({ "title": "Peg", "handle": world.name("peg"), "status": "active", "tags": [world.name("tents")],
        "variants": [{ "sku": world.name("peg"), "price": { "amount": "1", "currency": "EUR" } }] });
    make(world, &plain).await;
    let tag = world.name("tents");
    let path = |query: &str| format!("/api/v1/products?filter[tag]={tag}&sort=title{query}");
    let titles = |answer: &Answer| {
        let items = answer.json()["items"].clone();
        items.as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (locale, tent) in
        [("fr-CA", "Tente-tunnel"), ("fr", "Tente tunnel"), ("de", "Tunnel Tent"), ("en", "Tunnel Tent")]
    {
        let page = world.ours.shopper.get(&path(&format!("&locale={locale}"))).send().await.expect(200);
        assert_eq!((titles(&page), page.the("content-language")), (vec!["Peg".to_owned(), tent.to_owned()], locale));
    }
    let first = world.ours.shopper.get(&path("&locale=fr&limit=1")).send().await.expect(200);
    let next = first.the("link").split(['<', '>']).nth(1).unwrap().to_owned();
    let second = world.ours.shopper.get(&next).send().await.expect(200);
    assert_eq!(
        (titles(&second), &second.json()["items"][0]["handle"]),
        (vec!["Tente tunnel".to_owned()], &json!(world.name("tente")))
    );
    let accepted = world.ours.shopper.get(&path("")).header("accept-language", "ar").send().await.expect(200);
    assert_eq!(titles(&accepted)[1], "خيمة نفقية");
}

async fn a_handle_finds_one_product_in_a_language(world: &World, made: &Value) {
    let other = |handle: &str, translations: Value| {
        json!({ "title": "Other", "handle": world.name(handle), "status": "active", "translations": translations,
            "variants": [{ "sku": world.name(handle), "price": { "amount": "1", "currency": "EUR" } }] })
    };
    let tente = json!({ "handle": world.name("tente") });
    for (body, places) in [
        // In the same language, if not in the same locale; as the product's own; and the other way round.
        (other("other", json!({ "fr": tente })), vec!["#/translations/fr/handle"]),
        (other("other", json!({ "fr-CA": tente })), vec!["#/translations/fr-CA/handle"]),
        (other("other", json!({ "ar": { "handle": world.name("tent") } })), vec!["#/translations/ar/handle"]),
        (other("tente", json!({})), vec!["#/handle"]),
    ] {
        let refused = world.ours.merchant.post("/api/v1/products").json(&body).send().await;
        assert_eq!(refused.expect_problem(422, "invalid-request").places(), places, "{body}");
    }
    // In another language it is another word.
    let gift = make(world, &other("other", json!({ "ar": tente }))).await;
    assert_eq!(named(&world.ours.shopper, &world.name("tente"), "ar").await.expect(200).json()["id"], gift["id"]);
    assert_eq!(named(&world.ours.shopper, &world.name("tente"), "fr").await.expect(200).json()["id"], made["id"]);
    let refused = patch(world, &gift, &json!({ "handle": world.name("tente") })).await;
    assert_eq!(refused.expect_problem(422, "invalid-request").places(), ["#/handle"]);
    // A file cannot take it either, and the rest of the file goes in.
    let products = [Product::simple(&world.name("tente"), "1", 1), Product::simple(&world.name("rest"), "1", 1)];
    let text = crate::product_file::file(crate::product_file::Generation::Newer, &products);
    let report = world.ours.import_file(text).await.expect(200).json();
    assert_eq!((&report["products"]["failed"], &report["products"]["created"]), (&json!(1), &json!(1)), "{report}");
    assert!(report["errors"][0]["reason"].as_str().unwrap().contains("another locale"), "{report}");
}

async fn former_handles_lead_to_the_present_one(world: &World, made: &Value) {
    let [first, second] = ["tente", "abri"].map(|name| world.name(name));
    let changed = patch(world, made, &json!({ "translations": { "fr": { "handle": second } } })).await.expect(200);
    assert_eq!(changed.json()["translations"]["fr"]["title"], "Tente tunnel");
    for locale in ["fr", "fr-CA"] {
        let moved = named(&world.ours.shopper, &first, locale).await.expect(301);
        assert_eq!(moved.the("location"), format!("/api/v1/products/{second}?locale={locale}"));
        assert_eq!(moved.json(), json!({ "id": made["id"], "handle": second }));
        assert_eq!(world.ours.shopper.get(moved.the("location")).send().await.expect(200).json()["id"], made["id"]);
    }
    // A handle of its own for Canada; taken away again, it leads to that of French.
    let own = world.name("tente-du-nord");
    patch(world, made, &json!({ "translations": { "fr-CA": { "handle": own } } })).await.expect(200);
    assert_eq!(named(&world.ours.shopper, &own, "fr-CA").await.expect(200).json()["handle"], own.as_str());
    assert_eq!(named(&world.ours.shopper, &second, "fr-CA").await.expect(200).json()["handle"], own.as_str());
    named(&world.ours.shopper, &own, "fr").await.expect_problem(404, "not-found");
    patch(world, made, &json!({ "translations": { "fr-CA": null } })).await.expect(200);
    let moved = named(&world.ours.shopper, &own, "fr-CA").await.expect(301);
    assert_eq!(moved.json()["handle"], second.as_str());
    assert_eq!(named(&world.ours.shopper, &second, "fr-CA").await.expect(200).json()["title"], "Tente tunnel");
    // Its own handle changes: in every locale that one leads on as well.
    patch(world, made, &json!({ "handle": world.name("shelter") })).await.expect(200);
    for (locale, present) in [("en", world.name("shelter")), ("fr", second), ("de", world.name("shelter"))] {
        let moved = named(&world.ours.shopper, &world.name("tent"), locale).await.expect(301);
        assert_eq!(moved.json()["handle"], present.as_str(), "{locale}");
    }
    patch(world, made, &json!({ "handle": world.name("tent") })).await.expect(200);
}

async fn what_is_wrong_is_named(world: &World, made: &Value) {
    let texts = json!({ "title": "x" });
    for (translations, places) in [
        (json!({ "es": texts, "en": texts, "de": texts }), vec!["#/translations/en", "#/translations/es"]),
        (json!({ "FR": texts }), vec!["#/translations/FR"]),
        (json!({ "de": { "handle": "a\u{202e}b" } }), vec!["#/translations/de/handle"]),
        (json!({ "de": { "handle": "a\u{1}b" } }), vec!["#/translations/de/handle"]),
        (json!({ "de": { "titel": null } }), vec!["#/translations/de/titel"]),
        (
            json!({ "de": { "title": 1, "optionValues": { "Colour": 1 } } }),
            vec!["#/translations/de/optionValues/Colour", "#/translations/de/title"],
        ),
        (json!([]), vec!["#/translations"]),
    ] {
        let answer = patch(world, made, &json!({ "translations": translations })).await;
        let mut found = answer.expect_problem(422, "invalid-request").places();
        found.sort();
        assert_eq!(found, places, "{translations}");
    }
    // Of another type each is named where it is, and nothing of it is kept.
    let whole = json!({ "fr": tent(world)["translations"]["fr"], "de": { "seo": { "title": "x" } } });
    for pointer in [
        "/fr",
        "/fr/handle",
        "/fr/title",
        "/fr/description",
        "/fr/options",
        "/fr/options/Colour",
        "/fr/optionValues",
        "/fr/optionValues/Colour",
        "/fr/optionValues/Colour/Moss",
        "/fr/imageAlts",
        "/de/seo",
        "/de/seo/title",
    ] {
        for wrong in [json!(7), json!(1.5), json!(true), json!(["a"]), json!({ "a": { "b": 1 } }), json!("\u{0}")] {
            let mut body = json!({ "translations": whole });
            *body["translations"].pointer_mut(pointer).unwrap() = wrong;
            let answer = patch(world, made, &body).await;
            // A text of one blank character is a description.
            if pointer != "/fr/description" || answer.status != 200 {
                let found = answer.expect_problem(422, "invalid-request").places();
                assert!(found[0].starts_with(&format!("#/translations{pointer}")), "{body}: {found:?}");
            }
        }
    }
    let back = json!({ "fr": { "description": null, "handle": world.name("abri") } });
    patch(world, made, &json!({ "translations": back })).await.expect(200);
    let path = format!("/api/v1/products/{}", world.name("tent"));
    for query in ["locale=es", "locale=", "locale=de_AT", "locale=fr&locale=ar", "locale=*", "locale=%00"] {
        let answer = world.ours.shopper.get(&format!("{path}?{query}")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["?locale"], "{query}");
        let answer = world.ours.shopper.get(&format!("/api/v1/products?{query}")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["?locale"], "{query}");
    }
}

async fn categories_and_collections_are_called_so(world: &World, kind: &str, handle: &str) {
    let (staff, shopper) = (&world.ours.merchant, &world.ours.shopper);
    let french =
        json!({ "name": "Tentes", "description": "<b>x</b><script>alert(1)</script>", "seo": { "title": "T" } });
    let (key, of) = (handle.to_owned() + "-season", if kind == "categories" { "category" } else { "collection" });
    let season = json!({ "key": key, "name": "Season", "of": of, "type": "text", "filterable": true });
    staff.post("/api/v1/admin/attributes").json(&season).send().await.expect(201);
    let body = json!({ "name": "Tents", "handle": world.name(handle), "attributes": { &key: "Winter" },
        "translations": { "fr": french, "fr-CA": { "name": "Abris" } } });
    let made = staff.post(&format!("/api/v1/{kind}")).json(&body).send().await.expect(201).json();
    assert_eq!((&made["name"], &made["translations"]["fr"]["description"]), (&json!("Tents"), &json!("<b>x</b>")));
    let path = format!("/api/v1/{kind}/{}", made["id"].as_str().unwrap());
    let shown = async |locale: &str| {
        let call = shopper.get(&format!("{path}?locale={locale}")).header("cache-control", "no-cache");
        let answer = call.send().await.expect(200);
        assert_eq!(answer.the("content-language"), locale);
        answer.json()
    };
    for (locale, name, description, title) in
        [("fr-CA", "Abris", "<b>x</b>", "T"), ("fr", "Tentes", "<b>x</b>", "T"), ("de", "Tents", "", "Tents")]
    {
        let shown = shown(locale).await;
        assert_eq!((shown["name"].as_str(), shown["description"].as_str()), (Some(name), Some(description)), "{shown}");
        assert_eq!((shown["seo"]["title"].as_str(), &shown["handle"]), (Some(title), &made["handle"]));
    }
    let list = shopper.get(&format!("/api/v1/{kind}?locale=fr")).send().await.expect(200).json();
    assert!(list["items"].as_array().unwrap().iter().any(|item| item["name"] == "Tentes"), "{list}");
    // Values are those of all locales, and found in each.
    for (locale, name) in [("fr-CA", "Abris"), ("fr", "Tentes"), ("de", "Tents")] {
        let list = format!("/api/v1/{kind}?locale={locale}&attribute.{key}=winter");
        let list = shopper.get(&list).send().await.expect(200).json();
        let found = json!([[name, { &key: { "type": "text", "value": "Winter" } }]]);
        let items = list["items"].as_array().unwrap().iter().map(|item| json!([item["name"], item["attributes"]]));
        assert_eq!(json!(items.collect::<Vec<_>>()), found, "{locale}");
    }
    if kind == "categories" {
        let body = json!({ "title": "Peg", "handle": world.name("placed"), "status": "active", "category": made["id"],
            "variants": [{ "sku": world.name("placed"), "price": { "amount": "1", "currency": "EUR" } }] });
        let product = make(world, &body).await;
        for (locale, name) in [("fr-CA", "Abris"), ("fr", "Tentes"), ("de", "Tents"), ("en", "Tents")] {
            for key in [product["id"].as_str().unwrap(), &world.name("placed")] {
                let shown = named(shopper, key, locale).await.expect(200).json();
                assert_eq!(shown["category"]["name"], name, "{locale}");
            }
        }
    }
    let change =
        async |translations: Value| staff.patch(&path).json(&json!({ "translations": translations })).send().await;
    let changed = change(json!({ "fr-CA": null, "fr": { "seo": null } })).await.expect(200).json();
    assert_eq!(changed["translations"], json!({ "fr": { "name": "Tentes", "description": "<b>x</b>" } }));
    assert_eq!(changed["attributes"], made["attributes"]);
    assert_eq!(shown("fr-CA").await["name"], "Tentes");
    for (translations, places) in [
        (json!({ "es": french, "en": french }), vec!["#/translations/en", "#/translations/es"]),
        (
            json!({ "de": { "handle": "X", "name": "a\nb" } }),
            vec!["#/translations/de/handle", "#/translations/de/name"],
        ),
        (json!({ "de": 1, "fr": { "seo": 1 } }), vec!["#/translations/de", "#/translations/fr/seo"]),
    ] {
        let mut found = change(translations.clone()).await.expect_problem(422, "invalid-request").places();
        found.sort();
        assert_eq!(found, places, "{translations}");
    }
    assert_eq!(change(Value::Null).await.expect(200).json().get("translations"), None);
    assert_eq!(shown("fr").await["name"], "Tents");
    shopper.get(&format!("{path}?locale=es")).send().await.expect_problem(422, "invalid-request");
}

/// What is shown of a description is safe; what the merchant gave is kept beside it, through a later change.
async fn translations_are_kept_as_given(stage: &Stage, kind: &str) {
    let world = stage.world();
    let given = "<i>x</i><script>alert(1)</script>";
    let body = json!({ "name": "Kept", "handle": world.name("kept"),
        "translations": { "fr": { "handle": world.name("garde"), "description": given } } });
    let made = world.ours.merchant.post(&format!("/api/v1/{kind}")).json(&body).send().await.expect(201).json();
    let path = format!("/api/v1/{kind}/{}", made["id"].as_str().unwrap());
    // Another handle: a category moves by that.
    let change = json!({ "handle": world.name("held"), "translations": { "fr": { "name": "Gardé" } } });
    let changed = world.ours.merchant.patch(&path).json(&change).send().await.expect(200).json();
    let shown = json!({ "handle": world.name("garde"), "name": "Gardé", "description": "<i>x</i>" });
    assert_eq!(changed["translations"]["fr"], shown);
    let french = world.ours.shopper.get(&format!("{path}?locale=fr")).send().await.expect(200).json();
    assert_eq!(french["description"], "<i>x</i>");
    let [sql, rewrite] = if kind == "categories" { OF_CATEGORY } else { OF_COLLECTION };
    let kept = Statement::new(sql).bind(stage.our_organization()).bind(made["id"].as_str().unwrap());
    let rows = stage.sql().read(vec![kept]).await.unwrap();
    let kept: Value = serde_json::from_str(rows[0].first().unwrap().get("given_translations").unwrap()).unwrap();
    assert_eq!(kept["fr"]["description"], given);
    // The release before writes what is shown and nothing beside it, which counts from then on.
    let mut before = Commit::new();
    before.push(Statement::new(rewrite).bind(stage.our_organization()).bind(made["id"].as_str().unwrap()));
    assert!(matches!(stage.sql().commit(&before).await.unwrap(), Committed::Done { .. }));
    let change = json!({ "translations": { "fr": { "name": "Tenu" } } });
    let changed = world.ours.merchant.patch(&path).json(&change).send().await.expect(200).json();
    assert_eq!(changed["translations"]["fr"], json!({ "name": "Tenu", "description": "<i>y</i>" }));
}

async fn imports_keep_translations(world: &World, made: &Value) {
    let path = format!("/api/v1/admin/products/{}", made["id"].as_str().unwrap());
    let given = &tent(world)["translations"]["fr"]["description"];
    let product = format!("/api/v1/products/{}", made["id"].as_str().unwrap());
    let again = json!({ "translations": { "fr": { "description": given } } });
    world.ours.merchant.patch(&product).json(&again).send().await.expect(200);
    world.ours.import(&[Product::simple(&world.name("tent"), "99", 4)]).await;
    let kept = world.ours.merchant.get(&path).send().await.expect(200).json();
    assert_eq!(
        (&kept["translations"]["fr"]["title"], &kept["variants"][0]["price"]["amount"]),
        (&json!("Tente tunnel"), &json!("99.00"))
    );
    assert_eq!(&kept["translations"]["fr"]["description"], given, "with its scripts");
    // What spoke of options and images that are gone is gone with them.
    assert_eq!(kept["translations"]["fr"].get("optionValues"), None);
    let shown = named(&world.ours.shopper, &world.name("abri"), "fr").await.expect(200).json();
    assert_eq!(
        (shown["title"].as_str(), &shown["variants"][0]["price"]["amount"]),
        (Some("Tente tunnel"), &json!("99.00"))
    );
    world.ours.merchant.delete(&format!("/api/v1/products/{}", made["id"].as_str().unwrap())).send().await.expect(204);
    named(&world.ours.shopper, &world.name("abri"), "fr").await.expect_problem(404, "not-found");
    make(world, &tent(world)).await;
}
