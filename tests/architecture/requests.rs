//! The statements that requests put together from several constants: in locales, in a channel, with the way to a category.
//! They are explained as they are run.

use std::collections::{BTreeMap, BTreeSet};

use crate::plans::{plan, unlike};
use crate::product_lists::{ABROAD, Shop};
use crate::steps::Counted;
use crate::tenant::check::statements;
use crate::tenant::literals::all;
use crate::tenant::schema::Schema;

const CHANNEL: &str = "chan_00000000000000000000000001";

#[tokio::test]
async fn what_requests_put_together_runs_on_an_index() {
    let shop = Shop::open().await;
    let file = "Handle,Title,Tags,Product Category,Variant Price\nmug,Mug,a,kitchen > cups,12.50\n";
    shop.call("POST", "/api/v1/imports", file).await;
    let database = Counted::open(&shop.folder.path().join("test.db"));
    database.execute("UPDATE organization SET locales = 'fr fr-CA'");
    database.execute(ABROAD);
    let in_channel = shop.key_of(CHANNEL, 1);
    database.execute(&format!(
        "INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key)
         SELECT organization_id, store_id, 'channel', '{CHANNEL}', id, 1, created_at, title_key FROM product"
    ));
    let one = |sql: &str| database.query(sql, &[]).0.pop().expect("a row");
    let cups = one("SELECT id FROM category WHERE handle = 'cups'");
    let kitchen = one("SELECT id FROM category WHERE handle = 'kitchen'");
    let product = one("SELECT id FROM product");
    let variant = one("SELECT id FROM variant");
    let rule = |value: &str| {
        format!(
            r#"{{"matches":"any","conditions":[{{"field":"tag","operator":"equals","value":"{value}"}},
          {{"field":"category","operator":"equals","value":"{cups}"}}]}}"#
        )
    };

    for (key, of, kind) in [
        ("season", "collection", "text"),
        ("rank", "collection", "number"),
        ("climate", "category", "text"),
        ("floor", "category", "number"),
    ] {
        let body = format!(r#"{{"key":"{key}","name":"x","of":"{of}","type":"{kind}","filterable":true}}"#);
        assert_eq!(shop.post("/api/v1/admin/attributes", body).await, 201, "{key}");
    }
    for (method, path, body, status) in [
        ("POST", "/api/v1/collections".to_owned(), format!(r#"{{"name":"found","rule":{}}}"#, rule("a")), 201),
        ("PATCH", "/api/v1/collections/found".to_owned(), format!(r#"{{"rule":{}}}"#, rule("b")), 200),
        ("POST", "/api/v1/collections".to_owned(), r#"{"name":"chosen"}"#.to_owned(), 201),
        ("POST", "/api/v1/categories".to_owned(), r#"{"name":"Home","handle":"home"}"#.to_owned(), 201),
        (
            "PATCH",
            format!("/api/v1/categories/{cups}"),
            r#"{"translations":{"fr":{"handle":"tasses"}}}"#.to_owned(),
            200,
        ),
        ("PATCH", format!("/api/v1/categories/{kitchen}"), r#"{"handle":"cuisine"}"#.to_owned(), 200),
        (
            "PATCH",
            "/api/v1/collections/chosen".to_owned(),
            r#"{"translations":{"fr":{"handle":"choisi"}}}"#.to_owned(),
            200,
        ),
        (
            "PATCH",
            format!("/api/v1/products/{product}"),
            r#"{"translations":{"fr":{"handle":"tasse","title":"Tasse"}}}"#.to_owned(),
            200,
        ),
    ] {
        assert_eq!(shop.send(method, &path, body).await, status, "{method} {path}");
    }
    for key in [&shop.key, &in_channel] {
        for locale in ["", "&locale=fr", "&locale=fr-CA"] {
            for path in [
                "products/mug?".to_owned(),
                "products/tasse?".to_owned(),
                "products/mug?currency=USD".to_owned(),
                format!("products/{product}?"),
                "products?sort=title&count=true".to_owned(),
                "products?filter[category]=cuisine/tasses&filter[tag]=a&count=true".to_owned(),
                "products?filter[collection]=choisi&currency=USD&sort=price&filter[price][min]=1".to_owned(),
                "categories?".to_owned(),
                format!("categories?filter[parent]={kitchen}"),
                "categories?attribute.climate=mild&attribute.floor[min]=1".to_owned(),
                format!("categories?filter[parent]={kitchen}&attribute.climate=mild&attribute.floor[min]=1"),
                "categories/cuisine%2Ftasses?".to_owned(),
                "categories/kitchen%2Fcups?".to_owned(),
                format!("categories/{cups}?"),
                "categories/cuisine%2Ftasses/products?".to_owned(),
                "collections?".to_owned(),
                "collections?attribute.season=winter&attribute.rank[min]=1".to_owned(),
                "collections/choisi?".to_owned(),
                "collections/chosen?".to_owned(),
                "collections/choisi/products?filter[tag]=a".to_owned(),
            ] {
                shop.get_by(key, &format!("/api/v1/{path}{locale}")).await;
            }
        }
        for path in ["sitemaps".to_owned(), format!("sitemaps/{product}"), format!("sitemaps/{kitchen}")] {
            assert_eq!(shop.get_by(key, &format!("/api/v1/{path}")).await, 200, "{path}");
        }
        let cart = shop.made(key, "/api/v1/cart", "{}").await;
        let item = format!(r#"{{"variantId":"{variant}","quantity":1}}"#);
        shop.made(key, &format!("/api/v1/cart/{cart}/items"), &item).await;
        let form = format!(
            r#"{{"cartId":"{cart}","email":"ada@example.com","shippingAddress":{{"name":"Ada","line1":"1 Square",
               "city":"London","postalCode":"SW1Y 4JH","countryCode":"GB"}}}}"#
        );
        let checkout = shop.made(key, "/api/v1/checkouts", &form).await;
        let payment = r#"{"payment":{"provider":"manual","method":"on-account"}}"#;
        shop.made(key, &format!("/api/v1/checkouts/{checkout}/complete"), payment).await;
    }
    for path in ["", "?filter[state]=open"] {
        assert_eq!(shop.get_by(&shop.key, &format!("/api/v1/admin/bulk/upserts{path}")).await, 200, "{path}");
    }

    let schema = Schema::of_migrations();
    let constants = all("edge/src", &schema).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    let written: BTreeSet<&str> = constants.iter().map(|sql| sql.text.as_str()).collect();
    let asked: BTreeMap<String, _> = shop.asked("-- ").into_iter().collect();
    let together: Vec<_> = asked.iter().filter(|(text, _)| !written.contains(text.as_str())).collect();
    let mut faults = Vec::new();
    for (text, args) in &together {
        let findings = statements(text, &schema).unwrap_or_else(|error| panic!("{text}: {error}"));
        faults.extend(findings.faults);
        let plan = plan(&shop.recorder.inner, text, (*args).clone()).await;
        // Lists of products have rules of their own: see `product_lists`.
        if !text.starts_with("-- catalog::list") {
            faults.extend(unlike(&plan, text, &schema));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    // Nothing that is completed is left out.
    let name = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let names: BTreeSet<String> = together.iter().map(|(text, _)| name(text)).collect();
    for constant in constants.iter().filter(|sql| !sql.is_fragment && sql.text.contains("/*")) {
        assert!(names.contains(&name(&constant.text)), "nobody has asked for {}", constant.text);
    }
    for part in ["chan.kind = 'channel'", "WITH page (value)", "catalog::category_found", "catalog::collection_found"] {
        assert!(together.iter().any(|(text, _)| text.contains(part)), "nobody has asked for {part}");
    }
}
