//! Hashes.

use std::collections::BTreeMap;

use super::command::{Answer, Refused, Spec, WOULD_OVERFLOW, spec};
use super::keyspace::Keyspace;
use super::number::{integer, parse_integer};
use crate::port::kv::Reply;

type Fields = BTreeMap<String, String>;

pub(super) const COMMANDS: &[Spec] = &[
    spec("hgetall", 2, get_all),
    spec("hget", 3, get),
    spec("hset", -4, set),
    spec("hincrby", 4, increase_by),
    spec("hmget", -3, get_many),
    spec("hmset", -4, set_many),
    spec("hsetnx", 4, set_if_new),
    spec("hdel", -3, delete),
    spec("hexists", 3, exists),
    spec("hlen", 2, length),
    spec("hkeys", 2, keys),
    spec("hvals", 2, values),
    spec("hstrlen", 3, value_length),
];

fn get(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, field] = args else { return Err(Refused::Arity) };
    let fields = store.read::<Fields>(key)?;
    Ok(fields.and_then(|fields| fields.get(*field)).map_or(Reply::Nil, Reply::text))
}

fn get_many(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, names @ ..] = args else { return Err(Refused::Arity) };
    let fields = store.read::<Fields>(key)?;
    let value = |name: &&str| fields.and_then(|fields| fields.get(*name)).map_or(Reply::Nil, Reply::text);
    Ok(Reply::Array(names.iter().map(value).collect()))
}

fn get_all(store: &mut Keyspace, args: &[&str]) -> Answer {
    each(store, args, |field, value| [Some(field), Some(value)])
}

fn keys(store: &mut Keyspace, args: &[&str]) -> Answer {
    each(store, args, |field, _| [Some(field), None])
}

fn values(store: &mut Keyspace, args: &[&str]) -> Answer {
    each(store, args, |_, value| [Some(value), None])
}

fn each<'a>(
    store: &'a mut Keyspace,
    args: &[&str],
    of: fn(&'a String, &'a String) -> [Option<&'a String>; 2],
) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    let fields = store.read::<Fields>(key)?;
    let replies = fields.into_iter().flatten().flat_map(|(field, value)| of(field, value)).flatten().map(Reply::text);
    Ok(Reply::Array(replies.collect()))
}

fn length(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(Reply::count(store.read::<Fields>(key)?.map_or(0, BTreeMap::len)))
}

fn exists(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, field] = args else { return Err(Refused::Arity) };
    Ok(Reply::flag(store.read::<Fields>(key)?.is_some_and(|fields| fields.contains_key(*field))))
}

fn value_length(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, field] = args else { return Err(Refused::Arity) };
    let fields = store.read::<Fields>(key)?;
    Ok(Reply::count(fields.and_then(|fields| fields.get(*field)).map_or(0, String::len)))
}

fn set(store: &mut Keyspace, args: &[&str]) -> Answer {
    set_pairs(store, args).map(Reply::count)
}

fn set_many(store: &mut Keyspace, args: &[&str]) -> Answer {
    set_pairs(store, args).map(|_| Reply::ok())
}

/// Returns how many of the fields are new.
fn set_pairs(store: &mut Keyspace, args: &[&str]) -> Result<usize, Refused> {
    let [key, words @ ..] = args else { return Err(Refused::Arity) };
    let (pairs, []) = words.as_chunks::<2>() else { return Err(Refused::Arity) };
    store.upsert::<Fields, _>(key, |fields| {
        let added = pairs.iter().filter(|[field, value]| put(fields, field, value).is_none());
        Ok(added.count())
    })
}

/// Sets one field without a new copy of a name that is there. Returns the value before.
fn put(fields: &mut Fields, field: &str, value: &str) -> Option<String> {
    match fields.get_mut(field) {
        Some(current) => Some(std::mem::replace(current, value.to_owned())),
        None => fields.insert(field.to_owned(), value.to_owned()),
    }
}

fn set_if_new(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, field, value] = args else { return Err(Refused::Arity) };
    store.upsert::<Fields, _>(key, |fields| {
        let new = !fields.contains_key(*field);
        if new {
            put(fields, field, value);
        }
        Ok(Reply::flag(new))
    })
}

fn delete(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, names @ ..] = args else { return Err(Refused::Arity) };
    let deleted = store
        .change::<Fields, _>(key, |fields| Ok(names.iter().filter(|name| fields.remove(**name).is_some()).count()))?;
    Ok(Reply::count(deleted.unwrap_or(0)))
}

fn increase_by(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, field, by] = args else { return Err(Refused::Arity) };
    let by = integer(by)?;
    store.upsert::<Fields, _>(key, |fields| {
        let current = match fields.get(*field) {
            None => 0,
            Some(text) => parse_integer(text).ok_or(Refused::Because("ERR hash value is not an integer"))?,
        };
        let sum = current.checked_add(by).ok_or(WOULD_OVERFLOW)?;
        put(fields, field, &sum.to_string());
        Ok(Reply::Integer(sum))
    })
}
