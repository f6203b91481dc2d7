//! Commands on sorted sets.

use super::super::command::{Answer, Refused, SYNTAX, Spec, spec};
use super::super::keyspace::Keyspace;
use super::super::number::{parse_score, print_score};
use super::range::{self, Bounds};
use super::{Scored, SortedSet};
use crate::port::kv::Reply;

pub(in super::super) const COMMANDS: &[Spec] = &[
    spec("zadd", -4, add),
    spec("zincrby", 4, increase_by),
    spec("zscore", 3, score),
    spec("zrange", -4, range::run),
    spec("zrem", -3, remove),
    spec("zcard", 2, size),
    spec("zcount", 4, count),
    spec("zremrangebyscore", 4, remove_by_score),
];

const NOT_A_FLOAT: Refused = Refused::Because("ERR value is not a valid float");

/// What stands between the key and the first score.
#[derive(Default)]
struct AddOptions {
    only_new: bool,
    only_there: bool,
    only_greater: bool,
    only_less: bool,
    count_changed: bool,
    increment: bool,
}

impl AddOptions {
    /// The options and the pairs of score and member after them.
    fn parse<'w, 'a>(mut words: &'w [&'a str]) -> Result<(AddOptions, &'w [[&'a str; 2]]), Refused> {
        let mut options = AddOptions::default();
        while let [word, rest @ ..] = words {
            match word.to_ascii_lowercase().as_str() {
                "nx" => options.only_new = true,
                "xx" => options.only_there = true,
                "gt" => options.only_greater = true,
                "lt" => options.only_less = true,
                "ch" => options.count_changed = true,
                "incr" => options.increment = true,
                _ => break,
            }
            words = rest;
        }
        let (pairs @ [_, ..], []) = words.as_chunks::<2>() else { return Err(SYNTAX) };
        if options.only_new && options.only_there {
            return Err(Refused::Because("ERR XX and NX options at the same time are not compatible"));
        }
        if [options.only_new, options.only_greater, options.only_less].into_iter().filter(|is_set| *is_set).count() > 1
        {
            return Err(Refused::Because("ERR GT, LT, and/or NX options at the same time are not compatible"));
        }
        if options.increment && pairs.len() > 1 {
            return Err(Refused::Because("ERR INCR option supports a single increment-element pair"));
        }
        Ok((options, pairs))
    }

    /// The score a member gets, if the options let it change.
    fn next(&self, current: Option<f64>, given: f64) -> Result<Option<f64>, Refused> {
        let Some(current) = current else { return Ok((!self.only_there).then_some(given)) };
        if self.only_new {
            return Ok(None);
        }
        let wanted = if self.increment { current + given + 0.0 } else { given };
        if wanted.is_nan() {
            return Err(Refused::Because("ERR resulting score is not a number (NaN)"));
        }
        let refused = (self.only_greater && wanted <= current) || (self.only_less && current <= wanted);
        Ok((!refused).then_some(wanted))
    }
}

fn add(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, words @ ..] = args else { return Err(Refused::Arity) };
    let (options, pairs) = AddOptions::parse(words)?;
    // All scores are read before anything changes.
    let scored: Option<Vec<(f64, &str)>> =
        pairs.iter().map(|[score, member]| parse_score(score).map(|score| (score, *member))).collect();
    let scored = scored.ok_or(NOT_A_FLOAT)?;
    store.upsert::<SortedSet, _>(key, |set| {
        let (mut added, mut changed, mut last) = (0, 0, None);
        for (given, member) in scored {
            let current = set.score(member);
            last = options.next(current, given)?;
            let Some(score) = last else { continue };
            added += usize::from(current.is_none());
            changed += usize::from(current != Some(score));
            set.insert(member, score);
        }
        Ok(match (options.increment, options.count_changed) {
            (true, _) => last.map_or(Reply::Nil, |score| Reply::Text(print_score(score))),
            (false, true) => Reply::count(changed),
            (false, false) => Reply::count(added),
        })
    })
}

fn increase_by(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, by, member] = args else { return Err(Refused::Arity) };
    add(store, &[key, "incr", by, member])
}

fn score(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, member] = args else { return Err(Refused::Arity) };
    let score = store.read::<SortedSet>(key)?.and_then(|set| set.score(member));
    Ok(score.map_or(Reply::Nil, |score| Reply::Text(print_score(score))))
}

fn remove(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, members @ ..] = args else { return Err(Refused::Arity) };
    let removed = store.change::<SortedSet, _>(key, |set| Ok(members.iter().filter(|m| set.remove(m)).count()))?;
    Ok(Reply::count(removed.unwrap_or(0)))
}

fn size(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(Reply::count(store.read::<SortedSet>(key)?.map_or(0, SortedSet::len)))
}

fn count(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, min, max] = args else { return Err(Refused::Arity) };
    let bounds = Bounds::parse(min, max)?;
    let set = store.read::<SortedSet>(key)?;
    Ok(Reply::count(set.map_or(0, |set| set.iter().filter(|scored| bounds.contain(scored.score)).count())))
}

fn remove_by_score(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, min, max] = args else { return Err(Refused::Arity) };
    let bounds = Bounds::parse(min, max)?;
    let removed = store.change::<SortedSet, _>(key, |set| {
        let inside: Vec<Scored> = set.iter().filter(|scored| bounds.contain(scored.score)).cloned().collect();
        Ok(inside.iter().filter(|scored| set.remove(&scored.member)).count())
    })?;
    Ok(Reply::count(removed.unwrap_or(0)))
}
