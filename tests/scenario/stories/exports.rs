//! Products leave as a file, and come back without a change.

use serde_json::{Value, json};

use crate::world::World;

/// A product with all that a file has no column for, and what is awkward in one.
fn tent(world: &World, name: &str, status: &str) -> Value {
    json!({
        "handle": world.name(name),
        "title": "Tent, \"large\"",
        "description": "<p>Light, \"very\"</p>",
        "vendor": "=Northwind",
        "productType": "Tent",
        "status": status,
        "unpublishAt": "2126-01-01T00:00:00Z",
        "tags": [world.name("dry"), "green, or blue"],
        "options": [{ "name": "Colour", "values": ["Sand", "Moss"] }],
        "images": [
            { "url": "https://images.example.com/1.jpg", "alt": "A tent", "focalPoint": { "x": 0.5, "y": 0.125 } },
            { "url": "https://images.example.com/2.jpg" },
            { "url": "https://images.example.com/3.jpg" },
        ],
        "seo": { "title": "The tent" },
        "metadata": { "erp": { "number": 4711 } },
        "variants": [
            {
                "sku": format!("{}-M", world.name(name)),
                "options": ["Moss"],
                "price": { "amount": "189.00", "currency": "EUR" },
                "compareAtPrice": { "amount": "210.00", "currency": "EUR" },
                "barcode": "'0012",
                "weightGrams": 2350,
                "weightUnit": "kg",
                "dimensions": { "lengthMm": 480, "widthMm": 160, "heightMm": 160 },
                "hsCode": "630622",
                "inventory": { "quantity": 12 },
                "metadata": { "bin": "A1" },
            },
            { "options": ["Sand"], "price": { "amount": "209.00", "currency": "EUR" }, "taxable": false },
        ],
    })
}

async fn make(world: &World, body: &Value) -> Value {
    world.ours.merchant.post("/api/v1/products").json(body).send().await.expect(201).json()
}

async fn source(world: &World, name: &str) -> Value {
    let path = format!("/api/v1/admin/products/{}", world.name(name));
    world.ours.merchant.get(&path).send().await.expect(200).json()
}

/// All slices of an export, each checked for its place.
async fn exported(world: &World, file: &str, size: usize) -> String {
    let mut whole = String::new();
    let mut path = format!("/api/v1/admin/exports/{file}{}size={size}", if file.contains('?') { '&' } else { '?' });
    let mut done = 0;
    loop {
        let slice = world.ours.merchant.get(&path).send().await.expect(200);
        assert_eq!(slice.header("cache-control"), Some("private, no-store"));
        assert!(slice.header("catalog-version").is_some());
        let (come_to, of) = slice.the("export-progress").split_once('/').unwrap();
        let come_to: usize = come_to.parse().unwrap();
        assert!(done <= come_to && come_to <= done + size && of.parse::<usize>().is_ok(), "{come_to} of {of}");
        done = come_to;
        whole.push_str(std::str::from_utf8(&slice.body).unwrap());
        match slice.header("link") {
            None => return whole,
            Some(link) => path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned(),
        }
    }
}

/// The header, and the rows of one product, whose texts have no line breaks.
fn rows_of(world: &World, name: &str, file: &str) -> String {
    let handle = world.name(name);
    let is_its = |line: &&str| line.split(',').any(|cell| cell == handle);
    let mut lines = file.split_inclusive("\r\n");
    std::iter::once(lines.next().unwrap()).chain(lines.filter(is_its)).collect()
}

pub async fn a_product_file_comes_back_without_a_change(world: World) {
    make(&world, &tent(&world, "tent", "active")).await;
    make(&world, &tent(&world, "draft", "draft")).await;
    // Its type names no category that it would be put into.
    let place = json!({ "name": world.name("Gifts > all"), "handle": world.name("gifts") });
    let category = world.ours.merchant.post("/api/v1/categories").json(&place).send().await.expect(201).json();
    let mut placed = tent(&world, "placed", "archived");
    placed["category"] = category["id"].clone();
    make(&world, &placed).await;
    for header in ["?header=older", "?header=newer", ""] {
        let file = exported(&world, &format!("products.csv{header}"), 1_000).await;
        let first = if header == "?header=older" { "Handle,Title," } else { "Title,URL handle," };
        assert!(file.starts_with(first), "{header}");
        for name in ["tent", "draft", "placed"] {
            let before = source(&world, name).await;
            let report = world.ours.import_file(rows_of(&world, name, &file)).await.expect(200).json();
            let products = json!({ "created": 0, "updated": 0, "unchanged": 1, "failed": 0 });
            assert_eq!((&report["products"], &report["warnings"]), (&products, &json!([])), "{name}: {report}");
            assert_eq!(source(&world, name).await, before, "{name}");
        }
    }
}

pub async fn an_export_goes_on_where_a_slice_ends(world: World) {
    for number in 0..5 {
        make(&world, &tent(&world, &format!("t{number}"), if number == 3 { "draft" } else { "active" })).await;
    }
    let lines = exported(&world, "products.jsonl", 7).await;
    for number in 0..5 {
        let name = format!("t{number}");
        let handle = world.name(&name);
        let found: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["handle"] == handle.as_str())
            .collect();
        let mut kept = source(&world, &name).await;
        kept.as_object_mut()
            .unwrap()
            .retain(|member, _| !["version", "createdAt", "updatedAt"].contains(&member.as_str()));
        assert_eq!(found, [kept], "{name}");
    }
    let file = exported(&world, "products.csv?header=older", 3).await;
    assert_eq!(file.matches("Variant SKU").count(), 1, "one header");
    assert_eq!(file.lines().filter(|line| line.starts_with(&world.name("t4"))).count(), 3);
}

pub async fn only_the_staff_exports_and_only_its_own(world: World) {
    make(&world, &tent(&world, "own", "active")).await;
    for file in ["products.csv", "products.jsonl"] {
        let path = format!("/api/v1/admin/exports/{file}");
        world.ours.shopper.get(&path).send().await.expect_problem(403, "missing-scope");
        world.nobody.get(&path).send().await.expect_problem(401, "no-credentials");
        let mut theirs = path.clone();
        loop {
            let slice = world.theirs.merchant.get(&theirs).send().await.expect(200);
            assert!(!String::from_utf8_lossy(&slice.body).contains(&world.name("own")));
            let Some(link) = slice.header("link") else { break };
            theirs = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
        }
        for (query, place) in [
            ("size=0", "?size"),
            ("size=1001", "?size"),
            ("cursor=", "?cursor"),
            ("cursor=x", "?cursor"),
            ("limit=1", "?limit"),
            ("header=oldest", "?header"),
        ] {
            let answer = world.ours.merchant.get(&format!("{path}?{query}")).send().await;
            assert_eq!(answer.expect_problem(422, "invalid-request").places(), [place], "{query}");
        }
    }
    let of_a_list = world.ours.merchant.get("/api/v1/admin/products?limit=1").send().await.expect(200).json();
    if let Some(cursor) = of_a_list["nextCursor"].as_str() {
        let path = format!("/api/v1/admin/exports/products.jsonl?cursor={cursor}");
        let answer = world.ours.merchant.get(&path).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["?cursor"]);
    }
}
