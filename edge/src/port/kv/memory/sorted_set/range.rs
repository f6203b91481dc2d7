//! `ZRANGE`: by rank or by score, in either direction.

use super::super::command::{Answer, Refused, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::number::{self, integer, parse_score, print_score};
use super::{Scored, SortedSet};
use crate::port::kv::Reply;

/// A range of scores, each end in or out.
pub(super) struct Bounds {
    min: End,
    max: End,
}

struct End {
    score: f64,
    excluded: bool,
}

impl Bounds {
    pub(super) fn parse(min: &str, max: &str) -> Result<Bounds, Refused> {
        let end = |text: &str| {
            let (number, excluded) = match text.strip_prefix('(') {
                Some(number) => (number, true),
                None => (text, false),
            };
            // Here, unlike for a member's score, Redis takes nothing for zero.
            parse_score(if number.is_empty() { "0" } else { number })
                .map(|score| End { score, excluded })
                .ok_or(Refused::Because("ERR min or max is not a float"))
        };
        Ok(Bounds { min: end(min)?, max: end(max)? })
    }

    pub(super) fn contain(&self, score: f64) -> bool {
        let above = if self.min.excluded { self.min.score < score } else { self.min.score <= score };
        let below = if self.max.excluded { score < self.max.score } else { score <= self.max.score };
        above && below
    }
}

#[derive(Default)]
struct Options {
    by_score: bool,
    reverse: bool,
    with_scores: bool,
    /// Offset and count; a negative count is no limit.
    limit: Option<(i64, i64)>,
}

impl Options {
    fn parse(mut words: &[&str]) -> Result<Options, Refused> {
        let mut options = Options::default();
        while let [word, rest @ ..] = words {
            words = rest;
            match word.to_ascii_lowercase().as_str() {
                // These two may come once, the others as often as they like.
                "byscore" if !options.by_score => options.by_score = true,
                "bylex" => return Err(Refused::Because("ERR the in-process store has no BYLEX; use a Redis server")),
                "rev" if !options.reverse => options.reverse = true,
                "withscores" => options.with_scores = true,
                "limit" => {
                    let [offset, count, rest @ ..] = rest else { return Err(SYNTAX) };
                    options.limit = Some((integer(offset)?, integer(count)?));
                    words = rest;
                }
                _ => return Err(SYNTAX),
            }
        }
        // Redis takes `LIMIT 0 -1`, which limits nothing, for no LIMIT at all.
        if !options.by_score && options.limit.is_some_and(|(_, count)| count != -1) {
            return Err(Refused::Because(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        Ok(options)
    }
}

/// `ZRANGE key start stop [BYSCORE] [REV] [LIMIT offset count] [WITHSCORES]`.
pub(super) fn run(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, start, stop, options @ ..] = args else { return Err(Refused::Arity) };
    let options = Options::parse(options)?;
    let found: Vec<&Scored> = if options.by_score {
        // With REV the higher end comes first.
        let (min, max) = if options.reverse { (stop, start) } else { (start, stop) };
        let bounds = Bounds::parse(min, max)?;
        let inside = members(store, key, options.reverse)?.filter(move |scored| bounds.contain(scored.score));
        let (offset, count) = options.limit.unwrap_or((0, -1));
        match usize::try_from(offset) {
            Err(_) => Vec::new(),
            Ok(offset) => inside.skip(offset).take(usize::try_from(count).unwrap_or(usize::MAX)).collect(),
        }
    } else {
        let (start, stop) = (integer(start)?, integer(stop)?);
        let length = store.read::<SortedSet>(key)?.map_or(0, SortedSet::len);
        let ranks = number::range(start, stop, length);
        members(store, key, options.reverse)?.skip(ranks.start).take(ranks.len()).collect()
    };
    let replies = found.into_iter().flat_map(|scored| {
        let score = options.with_scores.then(|| Reply::Text(print_score(scored.score)));
        [Some(Reply::text(&scored.member)), score].into_iter().flatten()
    });
    Ok(Reply::Array(replies.collect()))
}

fn members<'a>(
    store: &'a Keyspace,
    key: &str,
    reverse: bool,
) -> Result<Box<dyn Iterator<Item = &'a Scored> + 'a>, Refused> {
    Ok(match store.read::<SortedSet>(key)? {
        None => Box::new(std::iter::empty()),
        Some(set) if reverse => Box::new(set.iter().rev()),
        Some(set) => Box::new(set.iter()),
    })
}
