//! Invoices and credit notes.

use futures_util::stream::{self, StreamExt};
use http::Method;
use serde_json::{Value, json};

use super::payments::{by, completed, refunded};
use super::sign_ups::own_shop;
use super::taxed::sell;
use crate::client::Answer;
use crate::world::{Shop, World};

const SETTINGS: &str = "/api/v1/invoice-settings";

fn written(language: &str, series: &str) -> Value {
    json!({
        "seller": { "name": "Camp & Söhne <GmbH>", "address": ["Torstraße 1", "10119 Berlin"], "taxId": "DE123456789" },
        "language": language,
        "invoices": { "series": series, "digits": 4, "first": 7 },
        "creditNotes": { "series": format!("K-{series}") },
        "footer": "Amtsgericht Charlottenburg",
    })
}

async fn put(shop: &Shop, body: &Value) -> Answer {
    shop.merchant.call(Method::PUT, SETTINGS).json(body).send().await
}

/// A sandbox of the shop's.
async fn sandbox(shop: &Shop) -> String {
    let body = json!({ "kind": "sandbox", "name": "Sandbox" });
    let made = shop.merchant.post("/api/v1/payment-providers").json(&body).send().await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn issued(shop: &Shop, order: &Value, what: &str, key: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/orders/{}/{what}", order["id"].as_str().unwrap());
    shop.merchant.post(&path).header("idempotency-key", key).json(body).send().await
}

async fn bought(shop: &Shop, variant: &str, units: i64, provider: &str, key: &str) -> Value {
    let checkout = shop.opened(&[(variant, units)]).await;
    completed(shop, &checkout, key, &by(provider, "sandbox_success")).await.expect(201).json()
}

pub async fn an_order_is_invoiced_once_and_credited_as_far_as_it_goes(world: World) {
    let (shop, _) = &own_shop(&world, "invoiced", "EUR").await;
    let provider = sandbox(shop).await;
    let tent = sell(shop, "tent", ["3.33", "EUR"], json!({})).await;
    let order = bought(shop, &tent, 3, &provider, "invoiced").await;
    put(shop, &written("de", "S-")).await.expect(200);
    let early = issued(shop, &order, "credit-notes", "early", &json!({})).await;
    early.expect_problem(409, "order-not-invoiced");
    let first = issued(shop, &order, "invoices", "first", &json!({})).await.expect(201);
    let again = issued(shop, &order, "invoices", "first", &json!({})).await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    let invoice = first.json();
    assert_eq!(json!([invoice["number"], invoice["kind"]]), json!(["S-0007", "invoice"]));
    assert_eq!(json!([invoice["total"], invoice["items"][0]["quantity"]]), json!([order["total"], 3]));
    assert_eq!(invoice["buyer"], order["shippingAddress"]);
    let second = issued(shop, &order, "invoices", "second", &json!({})).await;
    assert_eq!(second.expect_problem(409, "invoice-exists").json()["invoiceId"], invoice["id"]);

    // What the merchant changes later is not in it.
    put(shop, &written("en", "X-")).await.expect(200);
    let path = first.the("location").to_owned();
    assert_eq!(shop.merchant.get(&path).send().await.expect(200).json(), invoice);

    let line = json!({ "lines": [{ "lineId": order["lines"][0]["id"], "quantity": 1 }], "reason": "torn" });
    let refund = refunded(shop, &order, "torn", &line).await.expect(201).json();
    let of_refund = json!({ "refundId": refund["id"] });
    let note = issued(shop, &order, "credit-notes", "note", &of_refund).await.expect(201).json();
    assert_eq!(json!([note["number"], note["credits"]]), json!(["K-X-1", invoice["number"]]));
    assert_eq!(
        json!([note["total"], note["reason"], note["refundId"]]),
        json!([refund["amount"], "torn", refund["id"]])
    );
    let twice = issued(shop, &order, "credit-notes", "twice", &of_refund).await;
    assert_eq!(twice.expect_problem(409, "invoice-exists").json()["invoiceId"], note["id"]);
    let rest = issued(shop, &order, "credit-notes", "rest", &json!({ "reason": "all of it" })).await;
    assert_eq!(rest.expect(201).json()["total"]["amount"], "6.66");
    let none = issued(shop, &order, "credit-notes", "none", &json!({})).await;
    none.expect_problem(409, "nothing-to-credit");

    let of_order = format!("/api/v1/orders/{}/invoices", order["id"].as_str().unwrap());
    let listed = shop.merchant.get(&of_order).send().await.expect(200).json();
    let kinds: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["invoice", "credit-note", "credit-note"]);
    for path in [&of_order, &path, &format!("{path}/pdf"), &format!("{path}/html")] {
        world.theirs.merchant.get(path).send().await.expect(404);
    }
}

/// Of many at once each has a number of its own, and none is missing.
pub async fn numbers_of_a_series_have_no_gaps(world: World) {
    let (shop, _) = &own_shop(&world, "numbered", "EUR").await;
    put(shop, &written("en", "N")).await.expect(200);
    let provider = sandbox(shop).await;
    let tent = sell(shop, "tent", ["10.00", "EUR"], json!({})).await;
    let mut orders = Vec::new();
    for at in 0..8 {
        orders.push(bought(shop, &tent, 1, &provider, &format!("numbered-{at}")).await);
    }
    let issue = async |at: usize| {
        let key = format!("issue-{at}");
        issued(shop, &orders[at % 8], "invoices", &key, &json!({})).await
    };
    let answers: Vec<Answer> = stream::iter(0..24).map(issue).buffer_unordered(12).collect().await;
    let mut numbers: Vec<String> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.json()["number"].as_str().unwrap().to_owned())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (7..15).map(|number| format!("N{number:04}")).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    let listed = shop.merchant.get("/api/v1/invoices?limit=5").send().await.expect(200).json();
    let cursor = listed["nextCursor"].as_str().unwrap();
    let rest = shop.merchant.get(&format!("/api/v1/invoices?limit=5&cursor={cursor}")).send().await.expect(200).json();
    let items = |page: &Value| page["items"].as_array().unwrap().iter().map(|one| one["number"].to_string()).collect();
    let mut all: Vec<String> = items(&listed);
    all.extend(items(&rest));
    assert_eq!(all.len(), 8);
}

pub async fn an_invoice_is_a_page_and_a_file(world: World) {
    let (shop, _) = &own_shop(&world, "page", "EUR").await;
    let path = "/api/v1/orders/ord_01h455vb4pex5vsknk084sn02q/invoices";
    shop.merchant.post(path).header("idempotency-key", "k").json(&json!({})).send().await.expect(404);
    let variant = json!({ "price": { "amount": "1234.50", "currency": "EUR" }, "inventory": { "quantity": 5 } });
    let body = json!({
        "handle": "tent", "title": "<b>Zelt</b> 텐트 テント Ławka", "status": "active", "variants": [variant],
    });
    let made = shop.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json();
    let checkout = shop.opened(&[(made["variants"][0]["id"].as_str().unwrap(), 2)]).await;
    let order = shop.complete(&checkout, "page").await.expect(201).json();
    let unset = issued(shop, &order, "invoices", "unset", &json!({})).await;
    unset.expect_problem(409, "no-invoice-settings");
    put(shop, &written("de", "R{year}/")).await.expect(200);
    let invoice = issued(shop, &order, "invoices", "page", &json!({})).await.expect(201).json();
    let path = format!("/api/v1/invoices/{}", invoice["id"].as_str().unwrap());

    let page = shop.merchant.get(&format!("{path}/html")).send().await.expect(200);
    assert_eq!(page.the("content-type"), "text/html; charset=utf-8");
    assert!(page.the("content-security-policy").starts_with("default-src 'none'"), "{page}");
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for part in
        ["Rechnung R20", "Camp &amp; Söhne &lt;GmbH&gt;", "&lt;b&gt;Zelt&lt;/b&gt;", "2.469,00 EUR", "Amtsgericht"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let file = shop.merchant.get(&format!("{path}/pdf")).send().await.expect(200);
    assert_eq!(file.the("content-type"), "application/pdf");
    assert!(file.the("content-disposition").contains("inline; filename=\"R20"), "{}", file.the("content-disposition"));
    assert!(file.body.starts_with(b"%PDF-1."));
    let has = |text: &[u8]| file.body.windows(text.len()).any(|part| part == text);
    assert!(has(b"(2.469,00 EUR)") && has(b"/uni0141") && has(b"UniKS-UTF16-H") && has(b"UniJIS-UTF16-H"));
}

pub async fn what_is_wrong_with_invoice_settings_is_named(world: World) {
    let (shop, _) = &own_shop(&world, "unsaid", "EUR").await;
    let none = shop.merchant.get(SETTINGS).send().await.expect(200).json();
    assert_eq!(json!([none["version"], none["seller"]]), json!([0, null]));
    let wrong = json!({
        "seller": { "name": "", "address": [] },
        "language": "xx",
        "invoices": { "series": "a b", "digits": 13, "first": 0 },
    });
    let answer = put(shop, &wrong).await.expect_problem(422, "invalid-request");
    let places = [
        "#/seller/name",
        "#/seller/address",
        "#/language",
        "#/invoices/series",
        "#/invoices/digits",
        "#/invoices/first",
        "#/creditNotes",
    ];
    assert_eq!(answer.places(), places);
    put(shop, &written("fr", "F")).await.expect(200);
    let call = shop.merchant.call(Method::PUT, SETTINGS).header("if-match", "\"9\"");
    call.json(&written("es", "F")).send().await.expect_problem(412, "version-mismatch");
    assert_eq!(shop.merchant.get(SETTINGS).send().await.expect(200).json()["language"], "fr");
}
