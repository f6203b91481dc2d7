//! What `tests/totals` runs natively and on wasm32-wasip2.
//!
//! ```text
//! differential digests FROM TO     what these questions come to here
//! differential questions FROM TO   the questions, one in a line
//! differential large               the cart that is measured
//! ```

use std::error::Error;
use std::io::Write;

use headlesspro_differential::{digests, large, question};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    match words.as_slice() {
        ["digests", from, to] => stdout.write_all(digests(from.parse()?..to.parse()?)?.as_bytes())?,
        ["questions", from, to] => {
            for seed in from.parse::<u64>()?..to.parse()? {
                writeln!(stdout, "{}", question(seed)?)?;
            }
        }
        ["large"] => writeln!(stdout, "{}", serde_json::to_string(&large())?)?,
        _ => return Err("digests FROM TO, questions FROM TO or large".into()),
    }
    Ok(stdout.flush()?)
}
