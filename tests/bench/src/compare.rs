//! Every request on one host, interleaved: each round measures all of them one after the other, so that
//! a ratio compares what ran under the same conditions.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::Outcome;
use crate::clock::cpu;
use crate::load::{Budget, Requests, Seen, connect, drive};
use crate::people::{People, SESSIONS, log_ins};
use crate::products;
use crate::shop::{Request, Shop};
use crate::target::{CATALOG, Target};

/// Open connections, each with one request at a time.
pub const CONNECTIONS: [usize; 3] = [1, 16, 64];

const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(300);
/// Until most of what is asked for is kept, as it is in a shop that is open.
const WARM_UP_OF_KEPT: Duration = Duration::from_millis(5000);
const MEASURED: Duration = Duration::from_millis(2000);
/// Products that are asked for over and over.
const KEPT: usize = 20;
/// Checkouts can be completed once; so many of them are made ready for one measurement.
const CHECKOUTS: usize = 600;
/// Of each of their carts.
const LINES: usize = 2;
const CHECKOUTS_TO_WARM_UP: usize = 50;
const SESSIONS_TO_WARM_UP: usize = 40;

/// One request at one number of connections.
pub struct Cell {
    pub request: Request,
    pub connections: usize,
    pub rounds: Vec<Round>,
}

#[derive(Debug)]
pub struct Round {
    pub per_second: f64,
    /// Requests a second as a share of hello's in the same round.
    pub to_hello: f64,
    pub seen: Seen,
    /// CPU time in the whole measurement: of the server, and of the processes it asks.
    pub server_cpu: Duration,
    pub beside_cpu: Duration,
}

/// Measures everything on `target`, and says each figure as it comes.
pub async fn compare(target: &Target) -> Outcome<Vec<Cell>> {
    let shop = Shop::new(target);
    let (hello, lists, cart_adds) = (shop.hello(), shop.lists().await?, shop.cart_adds().await?);
    let products = shop.products(CATALOG, products::handle, 4096);
    let products_kept = Arc::new(shop.products(CATALOG, products::handle, KEPT));
    let (products_read, lists_read) = (Arc::new(shop.read_now(&products)), Arc::new(shop.read_now(&lists)));
    let (hello, products, lists, cart_adds) =
        (Arc::new(hello), Arc::new(products), Arc::new(lists), Arc::new(cart_adds));
    let mut people = People::log_in(&shop).await?;
    let (no_route, logins) = (Arc::new(shop.no_route()), Arc::new(log_ins(&shop)));
    let (verified, verified_anew) = (Arc::new(people.verified(&shop)), Arc::new(people.verified_anew(&shop)));
    let verified_next = Arc::new(people.verified_next(&shop));
    let on_account = json!({ "provider": "manual", "method": "on-account" });
    let mut tokens_shown = 0;
    let mut cells = Vec::new();
    for connections in CONNECTIONS {
        cells.extend(Request::COMPARED.map(|request| Cell { request, connections, rounds: Vec::new() }));
    }
    for round in 1..=ROUNDS {
        for connections in CONNECTIONS {
            print!("{} round {round} of {ROUNDS}, {connections:>2} connections:", target.name);
            let mut hello_per_second = 1.0;
            for cell in cells.iter_mut().filter(|cell| cell.connections == connections) {
                let requests = match cell.request {
                    Request::Hello => Arc::clone(&hello),
                    Request::Product => Arc::clone(&products),
                    Request::List => Arc::clone(&lists),
                    Request::ProductKept => Arc::clone(&products_kept),
                    Request::ProductRead => Arc::clone(&products_read),
                    Request::ListRead => Arc::clone(&lists_read),
                    Request::Filtered | Request::DeepPage | Request::RuleCollection => {
                        return Err(format!("{} is asked of larger catalogs", cell.request.name()));
                    }
                    Request::CartAdd => Arc::clone(&cart_adds),
                    Request::Checkout => Arc::new(shop.checkouts(CHECKOUTS, LINES, &on_account).await?),
                    Request::NoRoute => Arc::clone(&no_route),
                    Request::Verified => Arc::clone(&verified),
                    Request::VerifiedNext => Arc::clone(&verified_next),
                    Request::VerifiedAnew => Arc::clone(&verified_anew),
                    Request::LogIn => Arc::clone(&logins),
                    Request::Refresh => Arc::new(people.refreshes(&shop)),
                };
                let mut first = 0;
                let is_new_token = matches!(cell.request, Request::VerifiedNext | Request::VerifiedAnew);
                // The next round goes on where this one ended: the server remembers those just shown.
                let next = if is_new_token { &mut tokens_shown } else { &mut first };
                let mut measured = measure(target, &requests, cell.request, connections, next).await?;
                for (session, body) in std::mem::take(&mut measured.seen.bodies) {
                    let tokens = serde_json::from_slice(&body).map_err(|error| format!("no JSON: {error}"))?;
                    people.go_on(session, &tokens)?;
                }
                if cell.request == Request::Hello {
                    hello_per_second = measured.per_second;
                }
                measured.to_hello = measured.per_second / hello_per_second;
                print!("  {} {:.0}/s ({:.2})", cell.request.name(), measured.per_second, measured.to_hello);
                cell.rounds.push(measured);
            }
            println!();
        }
    }
    Ok(cells)
}

/// Measures the requests from number `next` on, and moves it to the first that was not sent.
pub async fn measure(
    target: &Target,
    requests: &Arc<Requests>,
    request: Request,
    connections: usize,
    next: &mut usize,
) -> Outcome<Round> {
    let (warm_up, measured) = match request {
        Request::Checkout => (CHECKOUTS_TO_WARM_UP, CHECKOUTS.saturating_sub(CHECKOUTS_TO_WARM_UP)),
        Request::Refresh => (SESSIONS_TO_WARM_UP, SESSIONS.saturating_sub(SESSIONS_TO_WARM_UP)),
        Request::Hello
        | Request::Product
        | Request::List
        | Request::ProductKept
        | Request::ProductRead
        | Request::ListRead
        | Request::Filtered
        | Request::DeepPage
        | Request::RuleCollection
        | Request::CartAdd
        | Request::NoRoute
        | Request::Verified
        | Request::VerifiedNext
        | Request::VerifiedAnew
        | Request::LogIn => (usize::MAX, usize::MAX),
    };
    let open = connect(target.address, connections).await?;
    let time = match request {
        Request::Product | Request::List | Request::ProductKept => WARM_UP_OF_KEPT,
        _ => WARM_UP,
    };
    let (open, warm) = drive(open, requests, *next, Budget { time, requests: warm_up }).await?;
    // A checkout that the warm-up had no time for is left over; none is sent twice.
    *next = next.saturating_add(warm.count());
    let (server, beside) = (cpu(target.server), cpu_beside(target));
    let (_, mut seen) = drive(open, requests, *next, Budget { time: MEASURED, requests: measured }).await?;
    *next = next.saturating_add(seen.count());
    seen.bodies.extend(warm.bodies);
    let count = u32::try_from(seen.count()).unwrap_or(u32::MAX);
    Ok(Round {
        per_second: f64::from(count) / seen.elapsed.as_secs_f64(),
        to_hello: 1.0,
        server_cpu: cpu(target.server).saturating_sub(server),
        beside_cpu: cpu_beside(target).saturating_sub(beside),
        seen,
    })
}

fn cpu_beside(target: &Target) -> Duration {
    target.beside.iter().map(|process| cpu(*process)).sum()
}
