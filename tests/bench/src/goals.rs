//! What the project asks of itself, and whether it was reached.

use crate::compare::Cell;
use crate::shop::Request;
use crate::table::{ratio, server_micros};

/// The least share of hello's requests a second.
const RATIOS: [(&str, Request, f64); 5] = [
    ("native", Request::Product, 0.5),
    ("native", Request::List, 0.3),
    ("workerd", Request::Product, 0.35),
    ("workerd", Request::List, 0.2),
    ("workerd", Request::ProductKept, 0.8),
];

/// Prints each goal on the ratios with what was reached.
pub fn print_ratios(measured: &[(&'static str, Vec<Cell>)]) {
    println!("\nGoals, as shares of hello's requests/s in the same round:");
    for (host, cells) in measured {
        for (_, request, goal) in RATIOS.iter().filter(|(goal_host, _, _)| goal_host == host) {
            for cell in cells.iter().filter(|cell| cell.request == *request) {
                let (name, reached) = (request.name(), ratio(cell));
                let connections = format!("{:>2} connections", cell.connections);
                print(&format!("{host}, {name}, {connections}: {reached:.2}, at least {goal:.2}"), *goal <= reached);
            }
        }
    }
}

/// The most that verifying an access token may add to a request on workerd, in microseconds of CPU time.
const VERIFIED_WITHIN: f64 = 250.0;

/// Prints what authentication adds to a request.
pub fn print_verification(measured: &[(&'static str, Vec<Cell>)]) {
    println!("\nCPU time that authentication and its rate limits add to a request that does nothing else:");
    for (host, cells) in measured {
        let busiest = |request: Request| {
            let cell = cells.iter().rfind(|cell| cell.request == request);
            cell.map_or(f64::NAN, server_micros)
        };
        for (request, what) in [
            (Request::Verified, "a token that is remembered"),
            (Request::VerifiedNext, "the next token of a session that is known"),
            (Request::VerifiedAnew, "a token of a session that is not, with the round trip that asks for it"),
        ] {
            let added = busiest(request) - busiest(Request::NoRoute);
            let text = format!("{host}, {what}: {added:.0} us, less than {VERIFIED_WITHIN:.0}");
            match *host {
                "workerd" => print(&text, added < VERIFIED_WITHIN),
                _ => println!("          {text} on workerd"),
            }
        }
    }
}

/// Prints one goal.
pub fn print(text: &str, reached: bool) {
    println!("  {} {text}", if reached { "reached" } else { "MISSED " });
}
