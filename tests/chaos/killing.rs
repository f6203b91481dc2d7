//! Who is killed when.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::arena::{Arena, Part};
use crate::random::Random;

/// The killer's own numbers.
const KILLER: u64 = u64::MAX;

/// Between two deaths, and until the dead one is there again, in milliseconds.
const APART: (u64, u64) = (100, 1_500);
const DEAD: (u64, u64) = (0, 800);

/// Who died how often.
pub struct Killed(BTreeMap<Part, usize>);

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> = self.0.iter().map(|(part, times)| format!("{part} {times} times")).collect();
        write!(f, "killed: {}", told.join(", "))
    }
}

/// Kills one part after another, at once and in the middle of whatever it does, and starts each again.
pub async fn kill(arena: &mut Arena, random: &Random, kills: usize) -> Killed {
    let mut random = random.of(KILLER);
    let mut killed = BTreeMap::new();
    for _ in 0..kills {
        pause(&mut random, APART).await;
        let parts = arena.parts();
        let part = parts[random.index(parts.len())];
        arena.kill(part);
        pause(&mut random, DEAD).await;
        arena.start(part).await;
        *killed.entry(part).or_default() += 1;
    }
    // The last death, too, comes in the middle of something, and something comes after it.
    pause(&mut random, APART).await;
    Killed(killed)
}

async fn pause(random: &mut Random, (least, most): (u64, u64)) {
    tokio::time::sleep(Duration::from_millis(least + random.below(most - least))).await;
}
