//! What the project asks of itself, and whether it was reached.

use crate::compare::Cell;
use crate::shop::Request;
use crate::table::ratio;

/// The least share of hello's requests a second.
const RATIOS: [(&str, Request, f64); 4] = [
    ("native", Request::Product, 0.5),
    ("native", Request::List, 0.3),
    ("workerd", Request::Product, 0.35),
    ("workerd", Request::List, 0.2),
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

/// Prints one goal.
pub fn print(text: &str, reached: bool) {
    println!("  {} {text}", if reached { "reached" } else { "MISSED " });
}
