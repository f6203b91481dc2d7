//! A script of a use case's in the same round trip as the limits: it runs where the request is let in, and not at
//! all where it is refused.
//!
//! Keys: those of the limits, then the other script's. Arguments: the number of the limits' keys, the number of their
//! arguments, these, then the other script's.
//!
//! Answers: the limits' answer; behind it the other script's, where it ran.

use headlesspro_shared::kernel::time::Timestamp;

use super::script::{Ask, LIMITS, call as limits_call, wrong};
use crate::port::kv::{Kv, KvError, Reply, Script, ScriptStore};

/// The Lua of the limits and of another script, each in a function of its own.
macro_rules! joint_lua {
    ($($other:tt)*) => {
        concat!(
            "local function limits(KEYS, ARGV)",
            $crate::limits::script::limits_lua!(),
            "end\nlocal function other(KEYS, ARGV)",
            $($other)*,
            r#"end

local function part(list, from, to)
  local found = {}
  for at = from, to do found[#found + 1] = list[at] end
  return found
end

local keys, args = tonumber(ARGV[1]), tonumber(ARGV[2])
if not keys or not args or keys > #KEYS or 2 + args > #ARGV then
  return redis.error_reply('ERR limits script: parts')
end
local limited = limits(part(KEYS, 1, keys), part(ARGV, 3, 2 + args))
if limited.err then return limited end
if limited[1] ~= 'taken' then return {limited} end
local decided = other(part(KEYS, keys + 1, #KEYS), part(ARGV, 3 + args, #ARGV))
if decided.err then return decided end
return {limited, decided}
"#
        )
    };
}
pub(crate) use joint_lua;

/// What a use case decides in the round trip of the limits.
#[derive(Clone)]
pub struct Joint {
    /// Whose text is made by [`joint_lua`].
    pub script: &'static Script,
    pub keys: Vec<String>,
    pub args: Vec<String>,
}

impl Joint {
    /// Decides for a request that is counted already.
    ///
    /// # Errors
    /// [`KvError`].
    pub async fn decide(&self, kv: &dyn Kv, now: Timestamp) -> Result<Reply, KvError> {
        let (keys, args) = self.call(now, &[]);
        let reply = kv.script(self.script, keys, args).await?;
        answers(reply).and_then(|(_, decided)| decided).ok_or_else(garbage)
    }

    /// Keys and arguments of the call.
    pub(super) fn call(&self, now: Timestamp, asks: &[Ask]) -> (Vec<String>, Vec<String>) {
        let (mut keys, limits) = limits_call(now, asks, &[]);
        let mut args = vec![keys.len().to_string(), limits.len().to_string()];
        args.extend(limits);
        args.extend_from_slice(&self.args);
        keys.extend_from_slice(&self.keys);
        (keys, args)
    }
}

pub(super) fn garbage() -> KvError {
    KvError::Garbage("no answer of a joint script".to_owned())
}

/// The limits' answer, and the other script's where it ran. `None`: it is no such answer.
pub(super) fn answers(reply: Reply) -> Option<(Reply, Option<Reply>)> {
    let Reply::Array(items) = reply else { return None };
    let mut items = items.into_iter();
    let limited = items.next()?;
    Some((limited, items.next()))
}

/// The Lua's twin.
pub fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String], other: &Script) -> Reply {
    let count = |at: usize| args.get(at).and_then(|text| text.parse::<usize>().ok());
    let parts = count(0).zip(count(1)).and_then(|(key_count, arg_count)| {
        let keys = keys.split_at_checked(key_count)?;
        Some((keys, args.get(2..)?.split_at_checked(arg_count)?))
    });
    let Some(((limits_keys, other_keys), (limits_args, other_args))) = parts else { return wrong("parts") };
    let limited = (LIMITS.native)(store, limits_keys, limits_args);
    match &limited {
        Reply::Error(_) => return limited,
        Reply::Array(words) if words.first() == Some(&Reply::text("taken")) => {}
        _ => return Reply::Array(vec![limited]),
    }
    match (other.native)(store, other_keys, other_args) {
        Reply::Error(text) => Reply::Error(text),
        decided => Reply::Array(vec![limited, decided]),
    }
}
