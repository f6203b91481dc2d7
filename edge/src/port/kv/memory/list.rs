//! Lists.

use std::collections::VecDeque;

use super::command::{Answer, Refused, Spec, spec};
use super::keyspace::Keyspace;
use super::number::{integer, parse_integer, range};
use crate::port::kv::Reply;

type Items = VecDeque<String>;

pub(super) const COMMANDS: &[Spec] = &[
    spec("rpush", -3, push_last),
    spec("lrange", 4, slice),
    spec("lpush", -3, push_first),
    spec("lpop", -2, pop_first),
    spec("rpop", -2, pop_last),
    spec("llen", 2, length),
    spec("ltrim", 4, trim),
    spec("lindex", 3, at),
];

fn push_first(store: &mut Keyspace, args: &[&str]) -> Answer {
    push(store, args, Items::push_front)
}

fn push_last(store: &mut Keyspace, args: &[&str]) -> Answer {
    push(store, args, Items::push_back)
}

fn push(store: &mut Keyspace, args: &[&str], place: fn(&mut Items, String)) -> Answer {
    let [key, values @ ..] = args else { return Err(Refused::Arity) };
    store.upsert::<Items, _>(key, |items| {
        values.iter().for_each(|value| place(items, (*value).to_owned()));
        Ok(Reply::count(items.len()))
    })
}

fn pop_first(store: &mut Keyspace, args: &[&str]) -> Answer {
    pop(store, args, Items::pop_front)
}

fn pop_last(store: &mut Keyspace, args: &[&str]) -> Answer {
    pop(store, args, Items::pop_back)
}

fn pop(store: &mut Keyspace, args: &[&str], take: fn(&mut Items) -> Option<String>) -> Answer {
    let (key, count) = match args {
        [key] => (key, None),
        [key, count] => {
            let count = parse_integer(count).and_then(|count| usize::try_from(count).ok());
            (key, Some(count.ok_or(Refused::Because("ERR value is out of range, must be positive"))?))
        }
        _ => return Err(Refused::Arity),
    };
    let popped = store.change::<Items, _>(key, |items| match count {
        None => Ok(take(items).map_or(Reply::Nil, Reply::Text)),
        Some(count) => {
            let taken = (0..count.min(items.len())).filter_map(|_| take(items)).map(Reply::Text);
            Ok(Reply::Array(taken.collect()))
        }
    })?;
    Ok(popped.unwrap_or(Reply::Nil))
}

fn slice(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, start, stop] = args else { return Err(Refused::Arity) };
    let (start, stop) = (integer(start)?, integer(stop)?);
    let Some(items) = store.read::<Items>(key)? else { return Ok(Reply::Array(Vec::new())) };
    Ok(Reply::Array(items.range(range(start, stop, items.len())).map(Reply::text).collect()))
}

fn at(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, index] = args else { return Err(Refused::Arity) };
    // Redis looks at the key first here, and at the numbers first in the other commands.
    let Some(items) = store.read::<Items>(key)? else { return Ok(Reply::Nil) };
    let index = integer(index)?;
    let inside = range(index, index, items.len());
    Ok(items.range(inside).next().map_or(Reply::Nil, Reply::text))
}

fn length(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(Reply::count(store.read::<Items>(key)?.map_or(0, VecDeque::len)))
}

fn trim(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, start, stop] = args else { return Err(Refused::Arity) };
    let (start, stop) = (integer(start)?, integer(stop)?);
    store.change::<Items, _>(key, |items| {
        let kept = range(start, stop, items.len());
        items.truncate(kept.end);
        items.drain(..kept.start.min(items.len()));
        Ok(())
    })?;
    Ok(Reply::ok())
}
