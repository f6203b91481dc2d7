//! What applies where not everything combines.

use std::cmp::Reverse;

use super::PromotionError;
use super::apply::{Run, Runner};
use super::candidate::{Candidates, bit};
use crate::kernel::order::sort_by_key;

/// Everything that could apply together: runs, of which the first is the best. At least one.
pub(super) fn compared(runner: &mut Runner<'_>) -> Result<Vec<Run>, PromotionError> {
    let mut runs: Vec<Run> = Vec::new();
    let mut spare = Vec::new();
    for members in &sets(&runner.candidates) {
        let mut run = runner.run(members, spare)?;
        if let Some(best) = runs.first_mut()
            && standing(&run) < standing(best)
        {
            std::mem::swap(&mut run, best);
        }
        // Of one that does not win nobody asks what it takes off which line.
        spare = if runs.is_empty() { Vec::new() } else { std::mem::take(&mut run.entries) };
        runs.push(run);
    }
    if let Some((_, others)) = runs.split_first_mut() {
        sort_by_key(others, standing);
    }
    Ok(runs)
}

/// The best one has the lowest.
fn standing(run: &Run) -> (Reverse<i64>, Vec<usize>, Vec<usize>) {
    // A gift that is worth nothing is better than none: with the last number, more comes before less. What was tried
    // in vain decides last, so that the order of the groups never does.
    let applied = run.applied().map(|(at, _)| at).chain([usize::MAX]);
    let tried = run.outcomes.iter().map(|(at, _)| *at);
    (Reverse(run.saves), applied.collect(), tried.collect())
}

/// Sets of candidates that may apply together, to none of which another could be added; each ascending.
fn sets(candidates: &Candidates<'_>) -> Vec<Vec<usize>> {
    let open = || candidates.all.iter().enumerate().filter(|(_, candidate)| candidate.screened.is_ok());
    let combining = || open().filter(|(_, candidate)| !candidate.booked.definition.exclusive);
    let present = combining().fold(0, |mask, (_, candidate)| mask | bit(candidate.group));
    let disputed = present & candidates.excluded_by(present);
    let mut sets: Vec<Vec<usize>> = maximal(disputed, candidates)
        .into_iter()
        .map(|chosen| {
            let kept = combining().filter(|(_, candidate)| bit(candidate.group) & disputed & !chosen == 0);
            kept.map(|(at, _)| at).collect()
        })
        .collect();
    let alone = open().filter(|(_, candidate)| candidate.booked.definition.exclusive);
    sets.extend(alone.map(|(at, _)| vec![at]));
    sets
}

/// The sets of groups of `disputed` that do not exclude each other, and that exclude all others of it.
fn maximal(disputed: u32, candidates: &Candidates<'_>) -> Vec<u32> {
    let mut found = Vec::new();
    let mut chosen = disputed;
    loop {
        let excluded = candidates.excluded_by(chosen);
        if excluded & chosen == 0 && excluded & disputed == disputed & !chosen {
            found.push(chosen);
        }
        if chosen == 0 {
            return found;
        }
        // The next smaller subset: Hacker's Delight, 2-1.
        chosen = chosen.wrapping_sub(1) & disputed;
    }
}
