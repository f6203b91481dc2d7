//! Keys of any type: existence, deadlines, listing.

use xxhash_rust::xxh3::xxh3_64;

use super::command::{Answer, NOT_AN_INTEGER, Refused, SYNTAX, Spec, spec};
use super::glob;
use super::keyspace::{Keyspace, Value};
use super::number::{integer, parse_integer};
use crate::port::kv::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    spec("expire", -3, expire_in_seconds),
    spec("del", -2, delete),
    spec("exists", -2, exists),
    spec("pexpire", -3, expire_in_millis),
    spec("expireat", -3, expire_at_second),
    spec("pexpireat", -3, expire_at_milli),
    spec("unlink", -2, delete),
    spec("ttl", 2, seconds_left),
    spec("pttl", 2, millis_left),
    spec("persist", 2, persist),
    spec("type", 2, kind),
    spec("keys", 2, list),
    spec("scan", -2, scan),
];

/// How a deadline is given: for a while or at an instant, in seconds or milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpiryUnit {
    Seconds,
    Millis,
    AtSecond,
    AtMilli,
}

/// A deadline as a command has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry<'a> {
    pub(super) amount: &'a str,
    pub(super) unit: ExpiryUnit,
}

impl<'a> Expiry<'a> {
    /// Reads `EX 10` and its like, the name in lower case, and what follows it. The same unit may
    /// come twice, as in Redis; another one may not.
    pub(super) fn parse<'w>(
        name: &str,
        rest: &'w [&'a str],
        before: Option<Expiry<'a>>,
    ) -> Option<(Expiry<'a>, &'w [&'a str])> {
        let unit = match name {
            "ex" => ExpiryUnit::Seconds,
            "px" => ExpiryUnit::Millis,
            "exat" => ExpiryUnit::AtSecond,
            "pxat" => ExpiryUnit::AtMilli,
            _ => return None,
        };
        let (amount, rest) = rest.split_first()?;
        before.is_none_or(|before| before.unit == unit).then_some((Expiry { amount, unit }, rest))
    }

    /// Milliseconds of UTC.
    ///
    /// # Errors
    /// Not an integer, not positive, or beyond what 64 bits hold.
    pub(super) fn deadline(self, now: i64) -> Result<i64, Refused> {
        let amount = integer(self.amount)?;
        if amount <= 0 {
            return Err(Refused::ExpireTime);
        }
        deadline(amount, self.unit, now)
    }
}

fn deadline(amount: i64, unit: ExpiryUnit, now: i64) -> Result<i64, Refused> {
    let millis = match unit {
        ExpiryUnit::Seconds | ExpiryUnit::AtSecond => amount.checked_mul(1_000),
        ExpiryUnit::Millis | ExpiryUnit::AtMilli => Some(amount),
    };
    let base = match unit {
        ExpiryUnit::Seconds | ExpiryUnit::Millis => now,
        ExpiryUnit::AtSecond | ExpiryUnit::AtMilli => 0,
    };
    millis.and_then(|millis| millis.checked_add(base)).ok_or(Refused::ExpireTime)
}

/// Whether a deadline that a command sets ends the key at once.
pub(super) fn already_over(deadline: i64, now: i64) -> bool {
    deadline <= now
}

fn expire_in_seconds(store: &mut Keyspace, args: &[&str]) -> Answer {
    expire(store, args, ExpiryUnit::Seconds)
}

fn expire_in_millis(store: &mut Keyspace, args: &[&str]) -> Answer {
    expire(store, args, ExpiryUnit::Millis)
}

fn expire_at_second(store: &mut Keyspace, args: &[&str]) -> Answer {
    expire(store, args, ExpiryUnit::AtSecond)
}

fn expire_at_milli(store: &mut Keyspace, args: &[&str]) -> Answer {
    expire(store, args, ExpiryUnit::AtMilli)
}

/// Which deadlines an `EXPIRE` replaces. A key that never expires counts as infinitely far away.
#[derive(Default)]
struct ExpireOptions {
    if_none: bool,
    if_some: bool,
    if_later: bool,
    if_sooner: bool,
}

impl ExpireOptions {
    fn parse(words: &[&str]) -> Result<ExpireOptions, Refused> {
        let mut options = ExpireOptions::default();
        for word in words {
            match word.to_ascii_lowercase().as_str() {
                "nx" => options.if_none = true,
                "xx" => options.if_some = true,
                "gt" => options.if_later = true,
                "lt" => options.if_sooner = true,
                _ => return Err(Refused::Text(format!("ERR Unsupported option {word}"))),
            }
        }
        if options.if_none && (options.if_some || options.if_later || options.if_sooner) {
            return Err(Refused::Because("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if options.if_later && options.if_sooner {
            return Err(Refused::Because("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(options)
    }

    fn accept(&self, current: Option<i64>, wanted: i64) -> bool {
        let refused = (self.if_none && current.is_some())
            || (self.if_some && current.is_none())
            || (self.if_later && current.is_none_or(|current| wanted <= current))
            || (self.if_sooner && current.is_some_and(|current| current <= wanted));
        !refused
    }
}

fn expire(store: &mut Keyspace, args: &[&str], unit: ExpiryUnit) -> Answer {
    let [key, amount, options @ ..] = args else { return Err(Refused::Arity) };
    let options = ExpireOptions::parse(options)?;
    let wanted = deadline(integer(amount)?, unit, store.now())?;
    let Some(current) = store.deadline(key) else { return Ok(Reply::flag(false)) };
    if !options.accept(current, wanted) {
        return Ok(Reply::flag(false));
    }
    if already_over(wanted, store.now()) {
        store.remove(key);
    } else {
        store.set_deadline(key, Some(wanted));
    }
    Ok(Reply::flag(true))
}

fn seconds_left(store: &mut Keyspace, args: &[&str]) -> Answer {
    left(store, args).map(|millis| Reply::Integer(if millis < 0 { millis } else { millis.saturating_add(500) / 1_000 }))
}

fn millis_left(store: &mut Keyspace, args: &[&str]) -> Answer {
    left(store, args).map(Reply::Integer)
}

/// Milliseconds; -2 without the key, -1 without a deadline.
fn left(store: &Keyspace, args: &[&str]) -> Result<i64, Refused> {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(match store.deadline(key) {
        None => -2,
        Some(None) => -1,
        Some(Some(deadline)) => deadline.saturating_sub(store.now()).max(0),
    })
}

fn persist(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    let had_deadline = store.deadline(key).flatten().is_some();
    store.set_deadline(key, None);
    Ok(Reply::flag(had_deadline))
}

fn delete(store: &mut Keyspace, args: &[&str]) -> Answer {
    Ok(Reply::count(args.iter().filter(|key| store.remove(key)).count()))
}

fn exists(store: &mut Keyspace, args: &[&str]) -> Answer {
    Ok(Reply::count(args.iter().filter(|key| store.get(key).is_some()).count()))
}

fn kind(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(Reply::text(store.get(key).map_or("none", Value::kind)))
}

fn list(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [pattern] = args else { return Err(Refused::Arity) };
    let mut found: Vec<&str> = store.keys().map(|(key, _)| key).filter(|key| glob::matches(pattern, key)).collect();
    found.sort_unstable();
    Ok(Reply::Array(found.into_iter().map(Reply::text).collect()))
}

/// What follows `SCAN cursor`.
struct ScanOptions<'a> {
    pattern: Option<&'a str>,
    count: usize,
    kind: Option<String>,
}

impl<'a> ScanOptions<'a> {
    fn parse(words: &[&'a str]) -> Result<ScanOptions<'a>, Refused> {
        let mut options = ScanOptions { pattern: None, count: 10, kind: None };
        let (pairs, []) = words.as_chunks::<2>() else { return Err(SYNTAX) };
        for [name, value] in pairs {
            match name.to_ascii_lowercase().as_str() {
                "match" => options.pattern = Some(value),
                "count" => {
                    let count = parse_integer(value).ok_or(NOT_AN_INTEGER)?;
                    options.count = usize::try_from(count).ok().filter(|count| 0 < *count).ok_or(SYNTAX)?;
                }
                "type" => options.kind = Some(value.to_ascii_lowercase()),
                _ => return Err(SYNTAX),
            }
        }
        Ok(options)
    }
}

/// Walks the keys in the order of a hash of their names, and the cursor is where in that order to go
/// on: keys that come or go meanwhile move nothing, so a key that stays is met exactly once.
fn scan(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [cursor, options @ ..] = args else { return Err(Refused::Arity) };
    let cursor: u64 = cursor.parse().map_err(|_| Refused::Because("ERR invalid cursor"))?;
    let options = ScanOptions::parse(options)?;
    let mut ahead: Vec<(u64, &str, &Value)> =
        store.keys().map(|(key, value)| (place(key), key, value)).filter(|(place, ..)| cursor <= *place).collect();
    ahead.sort_unstable_by_key(|(place, key, _)| (*place, *key));
    // Keys of one place go together, since the cursor cannot point between them.
    let next = ahead.get(options.count).map_or(0, |(place, ..)| *place);
    let next = match ahead.first() {
        Some((first, ..)) if next == *first => next.saturating_add(1),
        _ => next,
    };
    let met = ahead.iter().take_while(|(place, ..)| next == 0 || *place < next);
    let wanted = met.filter(|(_, key, value)| {
        options.pattern.is_none_or(|pattern| glob::matches(pattern, key))
            && options.kind.as_ref().is_none_or(|kind| kind == value.kind())
    });
    let found = wanted.map(|(_, key, _)| Reply::text(key)).collect();
    Ok(Reply::Array(vec![Reply::Text(next.to_string()), Reply::Array(found)]))
}

/// Never 0, which is the cursor of a walk that begins or has ended, and below 2^53, which JSON
/// clients can hold.
fn place(key: &str) -> u64 {
    (xxh3_64(key.as_bytes()) >> 12).max(1)
}
