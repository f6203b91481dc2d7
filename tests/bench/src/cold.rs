//! The first request after the start of a Worker.

use std::time::Duration;

use crate::clock::now;
use crate::http::Connection;
use crate::process::Programs;
use crate::shop::Shop;
use crate::table::median;
use crate::target::{Backends, CATALOG};
use crate::{Outcome, goals, products};

const STARTS: usize = 7;
/// The most the first product may take longer than the first hello, in milliseconds.
const GOAL: f64 = 100.0;

/// Times the first hello and the first product by handle, each in processes of their own.
pub async fn cold(programs: &Programs) -> Outcome {
    println!("\nThe first request after the start of workerd, in {STARTS} fresh processes each:");
    let backends = Backends::start(programs)?;
    let (mut to_hello, mut to_product) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        for (is_hello, times) in [(true, &mut to_hello), (false, &mut to_product)] {
            let (target, _host) = backends.start_workerd()?;
            let shop = Shop::new(&target);
            let requests = if is_hello { shop.hello() } else { shop.products(CATALOG, products::handle, 1) };
            let request = requests.all.first().ok_or("there is no request")?;
            let mut connection = Connection::open(target.address).await?;
            let asked = now();
            let answer = connection.ask(request).await?;
            if answer.head.status != requests.status {
                return Err(format!("the first request was answered with {}", answer.head.status));
            }
            times.push(millis(now().duration_since(asked)));
        }
    }
    let (hello, product) = (median(to_hello.into_iter()), median(to_product.into_iter()));
    println!("  hello {hello:.1} ms, product by handle {product:.1} ms (medians)");
    let above = product - hello;
    goals::print(
        &format!("workerd, first product by handle: {above:.1} ms above hello, at most {GOAL:.0}"),
        above <= GOAL,
    );
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
