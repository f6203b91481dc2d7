//! Products go in as JSON Lines, in parts that can be sent again.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::passkeys;
use crate::client::{Answer, Client};
use crate::world::World;

fn product(world: &World, name: &str, price: &str) -> Value {
    json!({
        "handle": world.name(name),
        "title": name,
        "status": "active",
        "vendor": world.name("Bulk"),
        "variants": [{
            "sku": format!("{}-1", world.name(name)),
            "price": { "amount": price, "currency": "EUR" },
            "inventory": { "quantity": 5 },
        }],
    })
}

fn lines(all: &[Value]) -> String {
    all.iter().map(|line| format!("{line}\n")).collect()
}

async fn new_job(client: &Client, body: &Value) -> String {
    let made = client.post("/api/v1/admin/bulk/upserts").json(body).send().await.expect(201);
    let job = made.json();
    assert_eq!(job["dryRun"], body["dryRun"] == true);
    assert_eq!((&job["state"], &job["nextPart"], &job["lines"]), (&json!("open"), &json!(1), &json!(0)));
    made.header("location").unwrap().to_owned()
}

async fn put(client: &Client, job: &str, part: i64, content: &str) -> Answer {
    let path = format!("{job}/parts/{part}");
    client.call(Method::PUT, &path).body("application/jsonl", content.to_owned()).send().await
}

/// Sends a part until it is done, as a client does whom a host gives little time.
async fn put_whole(client: &Client, job: &str, part: i64, content: &str) -> Value {
    loop {
        let answer = put(client, job, part, content).await;
        if answer.status != 202 {
            return answer.expect(200).json();
        }
    }
}

fn counts(body: &Value) -> [i64; 5] {
    ["lines", "created", "updated", "unchanged", "failed"].map(|name| body[name].as_i64().unwrap())
}

async fn source(world: &World, name: &str) -> Value {
    let path = format!("/api/v1/admin/products/{}", world.name(name));
    world.ours.merchant.get(&path).send().await.expect(200).json()
}

pub async fn products_are_made_and_changed_line_by_line(world: World) {
    let us = &world.ours.merchant;
    let job = new_job(us, &json!({ "name": "first" })).await;
    let all: Vec<Value> = (0..5).map(|at| product(&world, &format!("p{at}"), "10.00")).collect();
    let done = put_whole(us, &job, 1, &lines(&all)).await;
    assert_eq!((done["isDone"].as_bool(), counts(&done)), (Some(true), [5, 5, 0, 0, 0]));
    assert_eq!(world.ours.stock(&world.name("p3")).await, [5]);
    assert_eq!(world.ours.product(&world.name("p3")).await["vendor"], world.name("Bulk"));

    // The same part again changes nothing; another content is refused, and so is a part of a job that ended.
    let before = source(&world, "p0").await;
    assert_eq!(put(us, &job, 1, &lines(&all)).await.expect(200).json(), done);
    put(us, &job, 1, "{}").await.expect_problem(409, "bulk-part-differs");
    // Members that are left out stay, null takes one away, a line that says nothing new changes nothing.
    let id = before["id"].as_str().unwrap();
    let changes = lines(&[
        json!({ "id": id, "vendor": null, "tags": [world.name("new")] }),
        json!({ "handle": world.name("p1"), "title": "Other" }),
        json!({ "handle": world.name("p1"), "title": "Yet another" }),
        json!({ "handle": world.name("p2"), "title": "p2" }),
    ]);
    let missing = us.post(&format!("{job}/finish")).send().await;
    assert_eq!(missing.expect(200).json()["state"], "finished", "part 1 is all there is");
    put(us, &job, 2, &changes).await.expect_problem(409, "bulk-job-closed");
    assert_eq!(put(us, &job, 1, &lines(&all)).await.expect(200).json(), done);
    let second = new_job(us, &json!({})).await;
    let done = put_whole(us, &second, 2, &changes).await;
    assert_eq!(counts(&done), [4, 0, 3, 1, 0]);
    let changed = source(&world, "p0").await;
    assert_eq!((changed.get("vendor"), &changed["variants"]), (None, &before["variants"]));
    assert_eq!(source(&world, "p1").await["title"], "Yet another");
    let waiting = us.post(&format!("{second}/finish")).send().await.expect_problem(409, "bulk-part-missing");
    assert_eq!(waiting.json()["nextPart"], 1);
    assert_eq!(us.post(&format!("{second}/cancel")).send().await.expect(200).json()["state"], "cancelled");
    us.post(&format!("{second}/finish")).send().await.expect_problem(409, "bulk-job-closed");

    // As a whole, what is left out has its default.
    let whole = new_job(us, &json!({ "mode": "replace" })).await;
    put_whole(us, &whole, 1, &lines(&[json!({ "id": id, "title": "Plain" })])).await;
    let replaced = source(&world, "p0").await;
    assert_eq!(
        (&replaced["title"], &replaced["status"], replaced.get("tags")),
        (&json!("Plain"), &json!("draft"), None)
    );
    assert_eq!(replaced["handle"], before["handle"]);
}

pub async fn a_wrong_line_stops_no_other(world: World) {
    let us = &world.ours.merchant;
    let theirs = product(&world, "taken", "1.00");
    us.post("/api/v1/products").json(&theirs).send().await.expect(201);
    let job = new_job(us, &json!({})).await;
    let mut dear = product(&world, "dear", "1.00");
    dear["variants"][0]["price"]["amount"] = json!("-1");
    dear["coupon"] = json!("FREE");
    let mut same_sku = product(&world, "same-sku", "1.00");
    same_sku["variants"][0]["sku"] = theirs["variants"][0]["sku"].clone();
    let mut placed = product(&world, "placed", "1.00");
    placed["category"] = json!("no/such/category");
    let mut foreign = product(&world, "foreign", "1.00");
    foreign["id"] = json!("prod_01h455vb4pex5vsknk084sn02q");
    let mut twice = product(&world, "good-0", "1.00");
    twice["handle"] = json!(world.name("good-2"));
    let part = [
        product(&world, "good-0", "1.00").to_string(),
        dear.to_string(),
        "[1]".to_owned(),
        String::new(),
        "{\"handle\": \"x\", \"handle\": \"y\"}".to_owned(),
        "{\"handle\"".to_owned(),
        same_sku.to_string(),
        placed.to_string(),
        foreign.to_string(),
        json!({ "title": "Nameless" }).to_string(),
        twice.to_string(),
        product(&world, "good-1", "1.00").to_string(),
    ]
    .join("\r\n");
    let done = put_whole(us, &job, 1, &part).await;
    assert_eq!(counts(&done), [12, 2, 0, 0, 9]);
    for name in ["good-0", "good-1"] {
        source(&world, name).await;
    }
    let mut found = Vec::new();
    let mut path = format!("{job}/errors?limit=4");
    loop {
        let page = us.get(&path).send().await.expect(200);
        for item in page.json()["items"].as_array().unwrap() {
            assert_eq!(item["part"], 1);
            let pointers =
                item["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().to_owned());
            let mut pointers: Vec<String> = pointers.collect();
            pointers.sort();
            found.push((item["line"].as_i64().unwrap(), pointers.join(" ")));
        }
        let Some(link) = page.header("link") else { break };
        path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
    }
    let expected = [
        (2, "#/coupon #/variants/0/price/amount"),
        (3, "#"),
        (5, "#/handle"),
        (6, "#"),
        (7, "#/variants/0/sku"),
        (8, "#/category"),
        (9, "#/id"),
        (10, "#/handle"),
        (11, "#/variants/0/sku"),
    ];
    assert_eq!(found, expected.map(|(line, pointers)| (line, pointers.to_owned())));
    let job = us.get(&job).send().await.expect(200).json();
    assert_eq!((counts(&job), &job["partsDone"], &job["nextPart"]), ([12, 2, 0, 0, 9], &json!(1), &json!(2)));
}

/// All lines that were left out, with what is wrong with them.
async fn left_out(client: &Client, job: &str) -> Vec<Value> {
    let page = client.get(&format!("{job}/errors?limit=250")).send().await.expect(200);
    assert_eq!(page.header("link"), None);
    page.json()["items"].as_array().unwrap().clone()
}

pub async fn a_dry_run_says_what_the_same_parts_do(world: World) {
    let us = &world.ours.merchant;
    let (known, same, taken) = (product(&world, "known", "1.00"), product(&world, "same", "1.00"), "taken");
    for there in [&known, &same, &product(&world, taken, "1.00")] {
        us.post("/api/v1/products").json(there).send().await.expect(201);
    }
    let before = [source(&world, "known").await, source(&world, "same").await];
    let with = |name: &str, member: &str, value: Value| {
        let mut product = product(&world, name, "5.00");
        product[member] = value;
        product
    };
    let mut dear = product(&world, "dear", "-1");
    dear["coupon"] = json!("FREE");
    let having = |name: &str, other: &str| {
        let mut product = product(&world, name, "1.00");
        product["variants"][0]["sku"] = json!(format!("{}-1", world.name(other)));
        product
    };
    let of = |name: &str, member: &str, value: Value| json!({ "handle": world.name(name), member: value });
    let first = [
        product(&world, "new", "5.00").to_string(),
        of("known", "title", json!("Other")).to_string(),
        same.to_string(),
        dear.to_string(),
        having("sku", taken).to_string(),
        with("placed", "category", json!("no/such/category")).to_string(),
        String::new(),
        "[1]".to_owned(),
        // Lines of what lines before have made: as a whole, in part, and wrong.
        with("new", "title", json!("Newer")).to_string(),
        of("new", "vendor", json!("Other")).to_string(),
        of("new", "coupon", json!(1)).to_string(),
        having("in-file", "new").to_string(),
        json!({ "id": before[0]["id"], "handle": world.name("renamed") }).to_string(),
        of("renamed", "title", json!("Yet another")).to_string(),
    ]
    .join("\n");
    let second = lines(&[having("in-part", "new"), product(&world, "last", "1.00"), of("new", "tags", json!(["x"]))]);
    let mut told = Vec::new();
    for dry_run in [true, false] {
        let job = new_job(us, &json!({ "dryRun": dry_run, "name": world.name("dry") })).await;
        let done = [put_whole(us, &job, 1, &first).await, put_whole(us, &job, 2, &second).await];
        // A part is sent again as any other.
        assert_eq!(put(us, &job, 2, &second).await.expect(200).json(), done[1]);
        put(us, &job, 2, "{}").await.expect_problem(409, "bulk-part-differs");
        let ended = us.post(&format!("{job}/finish")).send().await.expect(200).json();
        assert_eq!((&ended["dryRun"], &ended["state"]), (&json!(dry_run), &json!("finished")));
        put(us, &job, 3, "{}").await.expect_problem(409, "bulk-job-closed");
        told.push((counts(&done[0]), counts(&done[1]), counts(&ended), left_out(us, &job).await));
        if dry_run {
            // Nothing is there, and nothing has changed.
            assert_eq!([source(&world, "known").await, source(&world, "same").await], before);
            for name in ["new", "last", "renamed"] {
                let path = format!("/api/v1/admin/products/{}", world.name(name));
                us.get(&path).send().await.expect_problem(404, "not-found");
            }
            let owner = passkeys::person(&world, "owner@example.com").await.1;
            let id = job.rsplit('/').next().unwrap();
            let log = async |subject: &str| {
                let call = owner.get("/api/v1/audit-log").query(&[("filter[subject]", subject)]);
                call.send().await.expect(200).json()["items"].as_array().unwrap().clone()
            };
            for count in 1..4 {
                assert_eq!(log(&format!("{count} products of {id}")).await, Vec::<Value>::new());
            }
            let of_job: Vec<Value> = log(id).await.iter().map(|entry| entry["after"]["dryRun"].clone()).collect();
            assert_eq!(of_job, [true, true]);
        }
    }
    let [dry, real] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(dry, real);
    assert_eq!((dry.0, dry.1, dry.2), ([14, 1, 5, 1, 6], [3, 1, 1, 0, 1], [17, 2, 6, 1, 7]));
    let places: Vec<_> = dry.3.iter().map(|error| (error["part"].as_i64(), error["line"].as_i64())).collect();
    let expected = [(1, 4), (1, 5), (1, 6), (1, 8), (1, 11), (1, 12), (2, 1)];
    assert_eq!(places, expected.map(|(part, line)| (Some(part), Some(line))));
    assert_eq!(source(&world, "renamed").await["title"], "Yet another");
}

pub async fn parts_of_a_dry_run_beside_each_other_agree(world: World) {
    let us = &world.ours.merchant;
    let job = new_job(us, &json!({ "dryRun": true })).await;
    // Two parts want the same SKUs for other products, and a third the products of the first.
    let part = |handles: &str, price: &str| {
        let one = |at: usize| {
            let mut line = product(&world, &format!("{handles}{at}"), price);
            line["variants"][0]["sku"] = json!(world.name(&format!("sku{at}")));
            line
        };
        lines(&(0..30).map(one).collect::<Vec<_>>())
    };
    let parts = [part("a", "1.00"), part("b", "1.00"), part("a", "2.00")];
    let sent = (1_i64..).zip(&parts).flat_map(|(number, part)| [(number, part), (number, part)]);
    let sent = sent.map(|(number, part)| {
        let job = job.clone();
        async move {
            loop {
                let answer = put(us, &job, number, part).await;
                match answer.status {
                    200 => return,
                    202 | 409 | 503 => {}
                    _ => panic!("{answer}"),
                }
            }
        }
    });
    join_all(sent).await;
    let [lines, created, updated, unchanged, failed] =
        counts(&us.post(&format!("{job}/finish")).send().await.expect(200).json());
    // Each SKU is one product's, which one or two of the parts name.
    assert_eq!((lines, created, unchanged, updated + failed), (90, 30, 0, 60), "{updated} {failed}");
    let path = format!("/api/v1/admin/products/{}", world.name("a0"));
    us.get(&path).send().await.expect_problem(404, "not-found");
}

pub async fn reductions_are_looked_up_together_and_prices_told(world: World) {
    let us = &world.ours.merchant;
    let job = new_job(us, &json!({})).await;
    let names: Vec<String> = (0..12).map(|at| format!("r{at}")).collect();
    let all: Vec<Value> = names.iter().map(|name| product(&world, name, "10.00")).collect();
    put_whole(us, &job, 1, &lines(&all)).await;
    let priced = |price: &str, compare_at: Value| -> String {
        let one = |name: &String| {
            let mut line = product(&world, name, price);
            line["variants"][0]["compareAtPrice"] = compare_at.clone();
            line
        };
        lines(&names.iter().map(one).collect::<Vec<_>>())
    };
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    assert_eq!(counts(&put_whole(us, &job, 2, &priced("8.00", Value::Null)).await), [12, 0, 12, 0, 0]);
    // Looked for, read, their histories, written: however many reductions begin.
    let reduced = put(us, &job, 3, &priced("9.00", eur("10.00"))).await.expect(200);
    assert_eq!(counts(&reduced.json()), [12, 0, 12, 0, 0]);
    assert!(reduced.spent().sql <= 4, "{reduced}");
    for name in [&names[0], &names[11]] {
        let shown = world.ours.product(&world.name(name)).await;
        assert_eq!(shown["variants"][0]["lowestPrice30Days"], eur("8.00"), "{name}");
    }
    // The same again, in another job, finds that there is nothing to do, and a further one is measured anew.
    let again = new_job(us, &json!({})).await;
    assert_eq!(counts(&put_whole(us, &again, 1, &priced("9.00", eur("10.00"))).await), [12, 0, 0, 12, 0]);
    put_whole(us, &again, 2, &priced("8.50", eur("10.00"))).await;
    let source = source(&world, "r5").await;
    assert_eq!(source["variants"][0]["lowestPrice30Days"], eur("8.00"));

    let owner = passkeys::person(&world, "owner@example.com").await.1;
    let job = job.rsplit('/').next().unwrap();
    let subject = format!("12 products of {job}");
    let call = owner.get("/api/v1/audit-log").query(&[("filter[subject]", &subject)]);
    let told = call.send().await.expect(200).json()["items"].as_array().unwrap().clone();
    let prices = |entry: &Value| entry["after"]["priceChanges"].clone();
    let [reduced, lower, made] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        (prices(made), &prices(lower)["count"], &prices(reduced)["count"]),
        (Value::Null, &json!(12), &json!(12))
    );
    let first = &prices(reduced)["first"][0];
    assert_eq!((&first["before"], &first["after"]), (&json!("8.00 EUR"), &json!("9.00 EUR")));
}

pub async fn parts_that_are_sent_beside_each_other_double_nothing(world: World) {
    let us = &world.ours.merchant;
    let job = new_job(us, &json!({})).await;
    let all: Vec<Value> = (0..60).map(|at| product(&world, &format!("b{at}"), "3.00")).collect();
    // Each part is sent by two at once, and every product stands in two parts.
    let parts = [lines(&all[..40]), lines(&all[20..]), lines(&all)];
    let sent = (1_i64..).zip(&parts).flat_map(|(number, part)| [(number, part), (number, part)]);
    let sent = sent.map(|(number, part)| {
        let job = job.clone();
        async move {
            loop {
                let answer = put(us, &job, number, part).await;
                match answer.status {
                    200 => return answer.json(),
                    202 | 409 | 503 => {}
                    _ => panic!("{answer}"),
                }
            }
        }
    });
    for done in join_all(sent).await {
        let [lines, created, updated, unchanged, failed] = counts(&done);
        assert_eq!((lines, updated, failed), (created + unchanged, 0, 0), "{done}");
    }
    let job = us.post(&format!("{job}/finish")).send().await.expect(200).json();
    assert_eq!(counts(&job), [140, 60, 0, 80, 0], "{job}");
    for at in [0, 30, 59] {
        assert_eq!(source(&world, &format!("b{at}")).await["version"], 1);
    }
}

pub async fn what_leaves_as_lines_comes_back_without_a_change(world: World) {
    let us = &world.ours.merchant;
    let mut rich = product(&world, "rich", "7.00");
    rich["metadata"] = json!({ "erp": [1, 2.5, "x"] });
    rich["description"] = json!("<p onclick=\"x()\">As given</p><script>alert(1)</script>");
    rich["publishAt"] = json!("2026-01-01T00:00:00Z");
    rich["images"] = json!([{ "url": "https://images.example.com/1.jpg", "focalPoint": { "x": 0.5, "y": 0.125 } }]);
    us.post("/api/v1/products").json(&rich).send().await.expect(201);
    let before = source(&world, "rich").await;
    let mut path = "/api/v1/admin/exports/products.jsonl".to_owned();
    let line = loop {
        let slice = us.get(&path).send().await.expect(200);
        let text = String::from_utf8(slice.body.to_vec()).unwrap();
        if let Some(line) = text.lines().find(|line| line.contains(&format!("\"{}\"", world.name("rich")))) {
            break format!("{line}\n");
        }
        let link = slice.header("link").unwrap_or_else(|| panic!("{path}: it is in no slice"));
        path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
    };
    for mode in ["merge", "replace"] {
        let job = new_job(us, &json!({ "mode": mode })).await;
        assert_eq!(counts(&put_whole(us, &job, 1, &line).await), [1, 0, 0, 1, 0], "{mode}");
        assert_eq!(source(&world, "rich").await, before);
    }
}

pub async fn jobs_are_listed_the_newest_first(world: World) {
    let us = &world.ours.merchant;
    const PATH: &str = "/api/v1/admin/bulk/upserts";
    let mut jobs = Vec::new();
    for (name, end) in [("a", Some("finish")), ("b", None), ("c", Some("cancel")), ("d", None)] {
        let job = new_job(us, &json!({ "name": world.name(name) })).await;
        put_whole(us, &job, 1, &lines(&[product(&world, name, "1.00"), json!([1])])).await;
        if let Some(end) = end {
            us.post(&format!("{job}/{end}")).send().await.expect(200);
        }
        jobs.push(us.get(&job).send().await.expect(200).json());
    }
    // Others are made meanwhile.
    let listed = async |query: &str| {
        let (mut found, mut path) = (Vec::new(), format!("{PATH}?limit=3{query}"));
        loop {
            let page = us.get(&path).send().await.expect(200);
            assert!(page.spent().sql <= 1, "{page}");
            let json = page.json();
            assert!(json["items"].as_array().unwrap().len() <= 3);
            let ours = |item: &&Value| item["name"].as_str().unwrap().starts_with(&world.mark);
            found.extend(json["items"].as_array().unwrap().iter().filter(ours).cloned());
            let Some(link) = page.header("link") else { return found };
            path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
        }
    };
    let newest = |at: &[usize]| at.iter().map(|at| jobs[*at].clone()).collect::<Vec<_>>();
    assert_eq!(listed("").await, newest(&[3, 2, 1, 0]));
    for (state, expected) in [("open", &[3, 1][..]), ("finished", &[0]), ("cancelled", &[2])] {
        assert_eq!(listed(&format!("&filter[state]={state}")).await, newest(expected), "{state}");
    }
    let theirs = world.theirs.merchant.get(&format!("{PATH}?limit=250")).send().await.expect(200);
    assert!(!theirs.json().to_string().contains(&world.mark));
    world.ours.shopper.get(PATH).send().await.expect_problem(403, "missing-scope");
    for (query, place) in [
        ("filter[state]=done", "?filter[state]"),
        ("limit=0", "?limit"),
        ("cursor=x", "?cursor"),
        ("state=open", "?state"),
    ] {
        let answer = us.get(&format!("{PATH}?{query}")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), [place]);
    }
}

pub async fn a_job_is_its_stores_own(world: World) {
    let us = &world.ours.merchant;
    let key = world.name("bulk-key");
    let again = async || {
        let call = us.post("/api/v1/admin/bulk/upserts").header("idempotency-key", &key);
        call.json(&json!({ "name": "once" })).send().await.expect(201)
    };
    let (first, second) = (again().await, again().await);
    assert_eq!((first.is_replayed(), second.is_replayed()), (false, true));
    assert_eq!(first.json(), second.json());
    let job = first.header("location").unwrap().to_owned();
    for other in [&world.theirs.merchant] {
        other.get(&job).send().await.expect_problem(404, "not-found");
        other.get(&format!("{job}/errors")).send().await.expect_problem(404, "not-found");
        put(other, &job, 1, "{}").await.expect_problem(404, "not-found");
        other.post(&format!("{job}/finish")).send().await.expect_problem(404, "not-found");
        other.post(&format!("{job}/cancel")).send().await.expect_problem(404, "not-found");
    }
    world.ours.shopper.get(&job).send().await.expect_problem(403, "missing-scope");
    for part in ["0", "-1", "x", "1000001", "1.5"] {
        let path = format!("{job}/parts/{part}");
        let call = us.call(Method::PUT, &path).body("application/jsonl", "{}");
        call.send().await.expect_problem(404, "not-found");
    }
    let call = us.call(Method::PUT, &format!("{job}/parts/1")).body("text/csv", "{}");
    call.send().await.expect_problem(415, "not-json-lines");
    for (body, places) in [
        (json!({ "mode": "delete" }), vec!["#/mode"]),
        (json!({ "dryRun": "yes", "dry_run": true }), vec!["#/dryRun", "#/dry_run"]),
        (json!({ "name": "x".repeat(201), "file": 1 }), vec!["#/file", "#/name"]),
        (json!({ "name": 1, "mode": [] }), vec!["#/mode", "#/name"]),
    ] {
        let answer = us.post("/api/v1/admin/bulk/upserts").json(&body).send().await;
        let mut found = answer.expect_problem(422, "invalid-request").places();
        found.sort();
        assert_eq!(found, places, "{body}");
    }
    for (query, place) in [("limit=0", "?limit"), ("cursor=x", "?cursor"), ("size=1", "?size")] {
        let answer = us.get(&format!("{job}/errors?{query}")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), [place]);
    }
}
