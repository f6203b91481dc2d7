//! The keys, their values and when they expire.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::command::{Refused, WRONG_TYPE};
use super::sorted_set::SortedSet;

/// How many expired keys one write removes, so that no write pays for all of them.
const SWEEP: usize = 16;

/// All keys at one instant. A key past its deadline is gone for every reader; it is removed when it
/// is touched, or by the sweep that every new deadline brings along.
#[derive(Default)]
pub(crate) struct Keyspace {
    /// Milliseconds of UTC.
    now: i64,
    entries: HashMap<String, Entry>,
    /// Every entry with a deadline, soonest first.
    deadlines: BTreeSet<(i64, String)>,
}

struct Entry {
    value: Value,
    /// Milliseconds of UTC; the key is gone once now is beyond it.
    deadline: Option<i64>,
}

pub(super) enum Value {
    Text(String),
    Hash(BTreeMap<String, String>),
    List(VecDeque<String>),
    Set(BTreeSet<String>),
    SortedSet(SortedSet),
}

impl Value {
    /// As the command `TYPE` says it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "string",
            Value::Hash(_) => "hash",
            Value::List(_) => "list",
            Value::Set(_) => "set",
            Value::SortedSet(_) => "zset",
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            // An empty string is a value in Redis; an empty collection is no key.
            Value::Text(_) => false,
            Value::Hash(fields) => fields.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Set(members) => members.is_empty(),
            Value::SortedSet(members) => members.is_empty(),
        }
    }
}

/// One type of value: how a command asks for "the hash at this key".
pub(super) trait Kind: Default {
    fn wrap(self) -> Value;
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
}

macro_rules! kind {
    ($type:ty, $variant:ident) => {
        impl Kind for $type {
            fn wrap(self) -> Value {
                Value::$variant(self)
            }

            fn of(value: &Value) -> Option<&Self> {
                if let Value::$variant(inner) = value { Some(inner) } else { None }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$variant(inner) = value { Some(inner) } else { None }
            }
        }
    };
}

kind!(String, Text);
kind!(BTreeMap<String, String>, Hash);
kind!(VecDeque<String>, List);
kind!(BTreeSet<String>, Set);
kind!(SortedSet, SortedSet);

impl Keyspace {
    pub(super) fn set_now(&mut self, now: i64) {
        self.now = now;
    }

    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// The value at `key`, of whatever type.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.live(key).map(|entry| &entry.value)
    }

    /// The value at `key` when it is a `K`.
    ///
    /// # Errors
    /// `WRONGTYPE` when it is of another type.
    pub(super) fn read<K: Kind>(&self, key: &str) -> Result<Option<&K>, Refused> {
        self.get(key).map(|value| K::of(value).ok_or(WRONG_TYPE)).transpose()
    }

    /// Changes the `K` at `key`, if there is one. A collection that ends up empty is removed.
    ///
    /// # Errors
    /// `WRONGTYPE`, or what `change` refuses.
    pub(super) fn change<K: Kind, T>(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut K) -> Result<T, Refused>,
    ) -> Result<Option<T>, Refused> {
        self.forget_if_expired(key);
        let Some(entry) = self.entries.get_mut(key) else { return Ok(None) };
        let outcome = change(K::of_mut(&mut entry.value).ok_or(WRONG_TYPE)?);
        if entry.value.is_empty() {
            self.remove(key);
        }
        outcome.map(Some)
    }

    /// As [`change`](Keyspace::change), beginning with an empty `K` where there is no key.
    pub(super) fn upsert<K: Kind, T>(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut K) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.forget_if_expired(key);
        if let Some(entry) = self.entries.get_mut(key) {
            let outcome = change(K::of_mut(&mut entry.value).ok_or(WRONG_TYPE)?);
            if entry.value.is_empty() {
                self.remove(key);
            }
            return outcome;
        }
        let mut fresh = K::default();
        let outcome = change(&mut fresh)?;
        let value = fresh.wrap();
        if !value.is_empty() {
            self.entries.insert(key.to_owned(), Entry { value, deadline: None });
        }
        Ok(outcome)
    }

    /// Replaces whatever was at `key`, deadline included.
    pub(super) fn put(&mut self, key: &str, value: Value, deadline: Option<i64>) {
        self.remove(key);
        self.entries.insert(key.to_owned(), Entry { value, deadline: None });
        self.set_deadline(key, deadline);
    }

    /// Removes `key`. Returns whether it was there.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        let Some((key, entry)) = self.entries.remove_entry(key) else { return false };
        let Some(deadline) = entry.deadline else { return true };
        self.deadlines.remove(&(deadline, key));
        !is_over(deadline, self.now)
    }

    /// The deadline of a key that is there; the inner `None` is a key that never expires.
    pub(super) fn deadline(&self, key: &str) -> Option<Option<i64>> {
        self.live(key).map(|entry| entry.deadline)
    }

    /// Gives a key that is there another deadline, or none.
    pub(super) fn set_deadline(&mut self, key: &str, deadline: Option<i64>) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let before = std::mem::replace(&mut entry.deadline, deadline);
        if before == deadline {
            return;
        }
        if let Some(before) = before {
            self.deadlines.remove(&(before, key.to_owned()));
        }
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, key.to_owned()));
            self.sweep();
        }
    }

    /// Every key that is there, in no particular order.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries
            .iter()
            .filter(|(_, entry)| !entry.deadline.is_some_and(|deadline| is_over(deadline, self.now)))
            .map(|(key, entry)| (key.as_str(), &entry.value))
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.deadlines.clear();
    }

    fn live(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| !entry.deadline.is_some_and(|deadline| is_over(deadline, self.now)))
    }

    fn forget_if_expired(&mut self, key: &str) {
        let deadline = self.entries.get(key).and_then(|entry| entry.deadline);
        if deadline.is_some_and(|deadline| is_over(deadline, self.now)) {
            self.remove(key);
        }
    }

    /// Removes some of the expired keys: more than one for every deadline that comes, so they never pile up.
    fn sweep(&mut self) {
        for _ in 0..SWEEP {
            match self.deadlines.first() {
                Some((deadline, _)) if is_over(*deadline, self.now) => {}
                _ => return,
            }
            if let Some((_, key)) = self.deadlines.pop_first() {
                self.entries.remove(&key);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn stored(&self) -> usize {
        self.entries.len()
    }
}

/// Redis keeps a key through the millisecond of its deadline.
fn is_over(deadline: i64, now: i64) -> bool {
    deadline < now
}
