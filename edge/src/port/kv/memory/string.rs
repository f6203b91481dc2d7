//! Strings, and the numbers in them.

use super::command::{Answer, Refused, SYNTAX, Spec, WOULD_OVERFLOW, spec};
use super::keys::{Expiry, ExpiryUnit, already_over};
use super::keyspace::{Keyspace, Value};
use super::number::integer;
use crate::port::kv::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    spec("get", 2, get),
    spec("set", -3, set),
    spec("incr", 2, increase),
    spec("incrby", 3, increase_by),
    spec("mget", -2, get_many),
    spec("mset", -3, set_many),
    spec("setnx", 3, set_if_new),
    spec("setex", 4, set_for_seconds),
    spec("psetex", 4, set_for_millis),
    spec("getset", 3, get_and_set),
    spec("getdel", 2, get_and_delete),
    spec("getex", -2, get_and_expire),
    spec("decr", 2, decrease),
    spec("decrby", 3, decrease_by),
    spec("append", 3, append),
    spec("strlen", 2, length),
];

fn get(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(store.read::<String>(key)?.map_or(Reply::Nil, Reply::text))
}

fn get_many(store: &mut Keyspace, args: &[&str]) -> Answer {
    // A key of another type is nil here, not an error.
    let value = |key: &&str| store.read::<String>(key).ok().flatten().map_or(Reply::Nil, Reply::text);
    Ok(Reply::Array(args.iter().map(value).collect()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Only {
    IfNew,
    IfThere,
}

/// What follows `SET key value`.
#[derive(Default)]
struct SetOptions<'a> {
    only: Option<Only>,
    get: bool,
    keep_deadline: bool,
    expiry: Option<Expiry<'a>>,
}

impl<'a> SetOptions<'a> {
    fn parse(mut words: &[&'a str]) -> Result<SetOptions<'a>, Refused> {
        let mut options = SetOptions::default();
        while let [word, rest @ ..] = words {
            words = rest;
            match word.to_ascii_lowercase().as_str() {
                "nx" if options.only != Some(Only::IfThere) => options.only = Some(Only::IfNew),
                "xx" if options.only != Some(Only::IfNew) => options.only = Some(Only::IfThere),
                "get" => options.get = true,
                "keepttl" if options.expiry.is_none() => options.keep_deadline = true,
                name => {
                    let expiry = Expiry::parse(name, rest, options.expiry).filter(|_| !options.keep_deadline);
                    let (expiry, rest) = expiry.ok_or(SYNTAX)?;
                    options.expiry = Some(expiry);
                    words = rest;
                }
            }
        }
        Ok(options)
    }
}

fn set(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, value, options @ ..] = args else { return Err(Refused::Arity) };
    let options = SetOptions::parse(options)?;
    let deadline = options.expiry.map(|expiry| expiry.deadline(store.now())).transpose()?;
    let before = match options.get {
        true => store.read::<String>(key)?.map_or(Reply::Nil, Reply::text),
        false => Reply::ok(),
    };
    let there = store.get(key).is_some();
    let refused = match options.only {
        None => false,
        Some(Only::IfNew) => there,
        Some(Only::IfThere) => !there,
    };
    if refused {
        return Ok(if options.get { before } else { Reply::Nil });
    }
    let deadline = match options.keep_deadline {
        true => store.deadline(key).flatten(),
        false => deadline,
    };
    put(store, key, value, deadline);
    Ok(before)
}

fn put(store: &mut Keyspace, key: &str, value: &str, deadline: Option<i64>) {
    store.put(key, Value::Text(value.to_owned()), deadline);
}

fn set_many(store: &mut Keyspace, args: &[&str]) -> Answer {
    let (pairs, []) = args.as_chunks::<2>() else { return Err(Refused::Arity) };
    pairs.iter().for_each(|[key, value]| put(store, key, value, None));
    Ok(Reply::ok())
}

fn set_if_new(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, value] = args else { return Err(Refused::Arity) };
    let new = store.get(key).is_none();
    if new {
        put(store, key, value, None);
    }
    Ok(Reply::flag(new))
}

fn set_for_seconds(store: &mut Keyspace, args: &[&str]) -> Answer {
    set_for(store, args, ExpiryUnit::Seconds)
}

fn set_for_millis(store: &mut Keyspace, args: &[&str]) -> Answer {
    set_for(store, args, ExpiryUnit::Millis)
}

fn set_for(store: &mut Keyspace, args: &[&str], unit: ExpiryUnit) -> Answer {
    let [key, amount, value] = args else { return Err(Refused::Arity) };
    let deadline = Expiry { amount, unit }.deadline(store.now())?;
    put(store, key, value, Some(deadline));
    Ok(Reply::ok())
}

fn get_and_set(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, value] = args else { return Err(Refused::Arity) };
    let before = get(store, &[key])?;
    put(store, key, value, None);
    Ok(before)
}

fn get_and_delete(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    let value = get(store, args)?;
    store.remove(key);
    Ok(value)
}

fn get_and_expire(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, options @ ..] = args else { return Err(Refused::Arity) };
    let mut words = options;
    let (mut expiry, mut persist) = (None, false);
    while let [word, rest @ ..] = words {
        words = rest;
        match word.to_ascii_lowercase().as_str() {
            "persist" if expiry.is_none() => persist = true,
            name => {
                let (parsed, rest) = Expiry::parse(name, rest, expiry).filter(|_| !persist).ok_or(SYNTAX)?;
                expiry = Some(parsed);
                words = rest;
            }
        }
    }
    let value = get(store, &[key])?;
    if value == Reply::Nil {
        return Ok(value);
    }
    match expiry {
        Some(expiry) => {
            let deadline = expiry.deadline(store.now())?;
            if already_over(deadline, store.now()) {
                store.remove(key);
            } else {
                store.set_deadline(key, Some(deadline));
            }
        }
        None if persist => store.set_deadline(key, None),
        None => {}
    }
    Ok(value)
}

fn increase(store: &mut Keyspace, args: &[&str]) -> Answer {
    add(store, args, 1)
}

fn decrease(store: &mut Keyspace, args: &[&str]) -> Answer {
    add(store, args, -1)
}

fn increase_by(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, by] = args else { return Err(Refused::Arity) };
    add(store, &[key], integer(by)?)
}

fn decrease_by(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, by] = args else { return Err(Refused::Arity) };
    let by = integer(by)?.checked_neg().ok_or(Refused::Because("ERR decrement would overflow"))?;
    add(store, &[key], by)
}

fn add(store: &mut Keyspace, args: &[&str], by: i64) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    let sum_with = |current: i64| current.checked_add(by).ok_or(WOULD_OVERFLOW);
    let changed = store.change::<String, _>(key, |text| {
        let sum = sum_with(integer(text)?)?;
        *text = sum.to_string();
        Ok(sum)
    })?;
    let sum = match changed {
        Some(sum) => sum,
        None => {
            put(store, key, &by.to_string(), None);
            by
        }
    };
    Ok(Reply::Integer(sum))
}

fn append(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, suffix] = args else { return Err(Refused::Arity) };
    let length = store.upsert::<String, _>(key, |text| {
        text.push_str(suffix);
        Ok(text.len())
    })?;
    Ok(Reply::count(length))
}

/// In bytes.
fn length(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(Reply::count(store.read::<String>(key)?.map_or(0, String::len)))
}
