//! Reads of shops of a thousand, a hundred thousand and a million products, from the database each time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::now;
use crate::compare::{CONNECTIONS, Cell, measure};
use crate::load::Requests;
use crate::multiply::multiply;
use crate::process::{HpDev, Programs};
use crate::products::{self, Catalog};
use crate::shop::{Request, Shop, text};
use crate::table::{percentile, print};
use crate::target::{Target, catalog_file, native};
use crate::{Outcome, goals};

const SMALL: Catalog = Catalog { products: 1000, variants: 3 };
/// The shops, by how many products each has made of each one of the small shop, itself among them.
const SHOPS: [(&str, usize); 3] = [("1k", 1), ("100k", 100), ("1M", 1000)];
/// The most the median latency may grow from the smallest shop to the largest.
const GOAL: f32 = 1.3;
const ROUNDS: usize = 3;
/// The page of a list that is asked for by its cursor; the last one where there are fewer.
const DEEP_PAGE: usize = 500;
/// What is measured of the generated shops.
const REQUESTS: [Request; 6] = [
    Request::Hello,
    Request::ProductRead,
    Request::ListRead,
    Request::Filtered,
    Request::DeepPage,
    Request::RuleCollection,
];
/// And of a shop that was imported from a file.
const REQUESTS_OF_FILE: [Request; 4] = [Request::Hello, Request::ProductRead, Request::ListRead, Request::Filtered];
/// The first pages of a list that are asked for in turn.
const PAGES: usize = 10;

/// A running shop with what is asked of it.
struct Open {
    name: &'static str,
    database: PathBuf,
    target: Target,
    requests: Vec<(Request, Arc<Requests>)>,
    cells: Vec<Cell>,
    _hp: HpDev,
}

/// Measures the three shops beside one another, and one of the products in `file` where that is given.
pub async fn catalog(programs: &Programs, file: Option<&Path>) -> Outcome {
    println!("\nReads of a catalog of {} variants a product, from the database each time, native:", SMALL.variants);
    let mut shops = generated(programs).await?;
    if let Some(file) = file {
        shops.push(imported(programs, file).await?);
    }
    // As in the memory of a machine that serves one shop: what is compared is the work, not the disk.
    for shop in &shops {
        let mut database = fs::File::open(&shop.database).map_err(|error| error.to_string())?;
        io::copy(&mut database, &mut io::sink()).map_err(|error| error.to_string())?;
    }
    for round in 1..=ROUNDS {
        for connections in CONNECTIONS {
            println!("round {round} of {ROUNDS}, {connections:>2} connections");
            for at in 0..REQUESTS.len() {
                for shop in &mut shops {
                    shop.measure(at, round, connections).await?;
                }
            }
        }
    }
    let measured: Vec<(&str, Vec<Cell>)> = shops.into_iter().map(|shop| (shop.name, shop.cells)).collect();
    print(&measured, &REQUESTS);
    print_growth(&measured);
    Ok(())
}

impl Open {
    async fn measure(&mut self, at: usize, round: usize, connections: usize) -> Outcome {
        let Some((request, requests)) = self.requests.get(at) else { return Ok(()) };
        // Each round goes on with other products.
        let mut next = round.saturating_mul(20_000);
        let mut measured = measure(&self.target, requests, *request, connections, &mut next).await?;
        let of_this = |cell: &&mut Cell| cell.request == *request && cell.connections == connections;
        let hello = self.cells.iter().find(|cell| cell.request == Request::Hello && cell.connections == connections);
        let hello = hello.and_then(|cell| cell.rounds.last()).map_or(measured.per_second, |hello| hello.per_second);
        measured.to_hello = measured.per_second / hello;
        match self.cells.iter_mut().find(of_this) {
            Some(cell) => cell.rounds.push(measured),
            None => self.cells.push(Cell { request: *request, connections, rounds: vec![measured] }),
        }
        Ok(())
    }
}

/// The three shops, all made of the smallest.
async fn generated(programs: &Programs) -> Outcome<Vec<Open>> {
    let first = programs.scratch.join("1k");
    {
        let (target, _hp) = native(programs, &first, &[])?;
        let rule = json!({ "name": "Gifts", "handle": "gifts", "productOrder": "newest",
            "rule": { "matches": "all", "conditions": [
                { "field": "tag", "operator": "equals", "value": "gift" },
                { "field": "price", "operator": "at-least", "value": "50" }] } });
        let shop = Shop::new(&target);
        let made = shop.request_as(&target.secret_key, "POST", "/api/v1/collections", &[], Some(&rule));
        shop.ask(201, vec![made]).await?;
    }
    // Leaves all of it in one file.
    programs.hp(&["import", &catalog_file(&programs.scratch, SMALL)?, "--data", &first.to_string_lossy()])?;
    let mut open = Vec::new();
    for (name, copies) in SHOPS {
        let folder = programs.scratch.join(name);
        let database = folder.join("headlesspro.db");
        let products = SMALL.products.saturating_mul(copies);
        if copies > 1 {
            fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            for name in ["headlesspro.db", "keys.json"] {
                fs::copy(first.join(name), folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
            }
            let started = now();
            multiply(&database, copies).await?;
            let seconds = now().duration_since(started).as_secs_f64();
            println!("  {name}: made in {seconds:.0} s");
        }
        let bytes = fs::metadata(&database).map_err(|error| error.to_string())?.len();
        let each = bytes.checked_div(u64::try_from(products).unwrap_or(1)).unwrap_or(0);
        println!("  {name}: {products} products in {bytes} bytes of database, {each} a product");
        open.push(serve(programs, name, &folder, Asked::Generated(products)).await?);
    }
    Ok(open)
}

/// A shop of the products in a file.
async fn imported(programs: &Programs, file: &Path) -> Outcome<Open> {
    let folder = programs.scratch.join("file");
    drop(programs.start_hp_dev(&folder, None)?);
    let started = now();
    let mut import = Command::new(&programs.hp);
    // Real files have products that cannot be taken, of which it tells and fails.
    let import = import.arg("import").arg(file).arg("--data").arg(&folder).stdin(Stdio::null()).stderr(Stdio::null());
    let said = import.output().map_err(|error| format!("{}: {error}", programs.hp.display()))?;
    let seconds = now().duration_since(started).as_secs_f64();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    println!("  file: imported in {seconds:.1} s: {}", said.lines().next().unwrap_or_default());
    serve(programs, "file", &folder, Asked::OfFile).await
}

/// What there is to be asked for.
enum Asked {
    /// So many products, copies of those of the small shop.
    Generated(usize),
    /// Whatever a file held.
    OfFile,
}

async fn serve(programs: &Programs, name: &'static str, folder: &Path, asked: Asked) -> Outcome<Open> {
    let (target, hp) = native(programs, folder, &["--catalog-cache-seconds", "0"])?;
    let shop = Shop::new(&target);
    let list = "/api/v1/products?limit=20";
    let requests = match &asked {
        Asked::Generated(products) => {
            let filtered =
                "/api/v1/categories/home-garden/products?limit=20&filter[price][min]=50&filter[price][max]=100";
            let of_rule = "/api/v1/collections/gifts/products?limit=20";
            // The last of the smallest shop's.
            let deep = DEEP_PAGE.min(products.checked_div(20).unwrap_or(1));
            let all = Catalog { products: *products, variants: SMALL.variants };
            vec![
                (Request::ProductRead, shop.products(all, handle, 100_000)),
                (Request::ListRead, shop.pages(list, 1, PAGES).await?),
                (Request::Filtered, shop.pages(filtered, 1, PAGES.min(4)).await?),
                (Request::DeepPage, shop.pages(list, deep, 1).await?),
                (Request::RuleCollection, shop.pages(of_rule, 1, PAGES.min(4)).await?),
            ]
        }
        Asked::OfFile => {
            let handles = newest(&shop).await?;
            let filtered = "/api/v1/products?limit=20&filter[tag]=walmart&filter[price][min]=50&filter[price][max]=100";
            let all = Catalog { products: handles.len(), variants: 1 };
            let handle = |number: usize| handles.get(number).cloned().unwrap_or_default();
            vec![
                (Request::ProductRead, shop.products(all, handle, 20_000)),
                (Request::ListRead, shop.pages(list, 1, PAGES).await?),
                (Request::Filtered, shop.pages(filtered, 1, PAGES).await?),
            ]
        }
    };
    let expected: &[Request] = if matches!(asked, Asked::OfFile) { &REQUESTS_OF_FILE } else { &REQUESTS };
    let requests: Vec<_> = std::iter::once((Request::Hello, shop.hello())).chain(requests).collect();
    if !requests.iter().map(|(request, _)| request).eq(expected) {
        return Err(format!("{name} is not asked what the table shows"));
    }
    let requests = requests.into_iter().map(|(request, requests)| (request, Arc::new(requests))).collect();
    let database = folder.join("headlesspro.db");
    Ok(Open { name, database, target, requests, cells: Vec::new(), _hp: hp })
}

/// The handle of product `number` of a shop that was multiplied.
fn handle(number: usize) -> String {
    let (copy, original) = (number / SMALL.products, number % SMALL.products);
    match copy {
        0 => products::handle(original),
        copy => format!("{}-{copy}", products::handle(original)),
    }
}

/// Of a thousand products: the newest.
async fn newest(shop: &Shop<'_>) -> Outcome<Vec<String>> {
    let mut handles = Vec::new();
    for request in shop.pages("/api/v1/products?limit=100", 1, 10).await?.all {
        for page in shop.ask(200, vec![request]).await? {
            let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            handles.extend(items.iter().map(|item| text(item, "/handle")).collect::<Outcome<Vec<_>>>()?);
        }
    }
    Ok(handles)
}

/// How much slower the larger shops are than the smallest.
fn print_growth(measured: &[(&str, Vec<Cell>)]) {
    println!("\nMedian latency beside that of a thousand products:");
    let Some((_, small)) = measured.first() else { return };
    for (name, cells) in measured.iter().filter(|(name, _)| SHOPS.iter().skip(1).any(|(shop, _)| shop == name)) {
        for cell in cells.iter().filter(|cell| cell.request != Request::Hello) {
            let same = |of: &&Cell| of.request == cell.request && of.connections == cell.connections;
            let Some(before) = small.iter().find(same) else { continue };
            let (before, after) = (percentile(before, 50), percentile(cell, 50));
            let growth = after / before;
            let text = format!(
                "{name}, {}, {:>2} connections: p50 {after:.1} us beside {before:.1} us: {growth:.2} times, at most {GOAL}",
                cell.request.name(),
                cell.connections
            );
            goals::print(&text, growth <= GOAL);
        }
    }
}
