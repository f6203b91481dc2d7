//! Sets.

use std::collections::BTreeSet;

use super::command::{Answer, Refused, Spec, spec};
use super::keyspace::Keyspace;
use crate::port::kv::Reply;

type Members = BTreeSet<String>;

pub(super) const COMMANDS: &[Spec] = &[
    spec("sadd", -3, add),
    spec("srem", -3, remove),
    spec("smembers", 2, members),
    spec("sismember", 3, is_member),
    spec("scard", 2, size),
];

fn add(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, new @ ..] = args else { return Err(Refused::Arity) };
    let added = store
        .upsert::<Members, _>(key, |members| Ok(new.iter().filter(|m| members.insert((**m).to_owned())).count()))?;
    Ok(Reply::count(added))
}

fn remove(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, old @ ..] = args else { return Err(Refused::Arity) };
    let removed = store.change::<Members, _>(key, |members| Ok(old.iter().filter(|m| members.remove(**m)).count()))?;
    Ok(Reply::count(removed.unwrap_or(0)))
}

fn members(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    let members = store.read::<Members>(key)?;
    Ok(Reply::Array(members.into_iter().flatten().map(Reply::text).collect()))
}

fn is_member(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key, member] = args else { return Err(Refused::Arity) };
    Ok(Reply::flag(store.read::<Members>(key)?.is_some_and(|members| members.contains(*member))))
}

fn size(store: &mut Keyspace, args: &[&str]) -> Answer {
    let [key] = args else { return Err(Refused::Arity) };
    Ok(Reply::count(store.read::<Members>(key)?.map_or(0, BTreeSet::len)))
}
