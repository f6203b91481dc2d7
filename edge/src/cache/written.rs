//! The version of a store's catalog that was written last, in Redis: for isolates that share answers there
//! ([`pages`](super::pages)) and have not heard of the write.
//!
//! Writers tell it after their responses, in any order, so it is only ever raised.
//!
//! Keys: the store's. Arguments: the version, and for how many milliseconds it is known.
//!
//! Answers: the version that is there now.

use std::time::Duration;

use headlesspro_shared::kernel::id::StoreId;

use super::millis;
use crate::port::kv::{Kv, KvError, Reply, Script, ScriptStore, whole};

/// Longer than any answer is shown.
const WRITTEN_FOR: Duration = Duration::from_secs(120);

/// What does not read back is overwritten: no answer passes beside it.
pub static WRITTEN: Script = Script {
    name: "written",
    lua: r#"
local function whole(text)
  if text and #text <= 15 and string.match(text, '^%d+$') then return tonumber(text) end
end

local version, life = whole(ARGV[1]), whole(ARGV[2])
if not KEYS[1] or not version or not life or life == 0 then return redis.error_reply('ERR written script: version') end
local there = redis.call('GET', KEYS[1])
local known = whole(there)
if known and known >= version then return there end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"#,
    native,
};

/// Where it is.
pub fn key(store: StoreId) -> String {
    format!("kept:{store}:written")
}

/// Tells isolates that have not heard of it that the catalog was written.
///
/// # Errors
/// [`KvError`]: they may not have been told.
pub async fn tell_written(kv: &dyn Kv, store: StoreId, version: i64) -> Result<(), KvError> {
    let args = vec![version.to_string(), millis(WRITTEN_FOR).to_string()];
    kv.script(&WRITTEN, vec![key(store)], args).await.map(drop)
}

/// The Lua's twin.
fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    raise(store, keys, args).unwrap_or_else(|error| error)
}

/// The `Err` is an error of Redis'.
fn raise(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Result<Reply, Reply> {
    let wrong = || Reply::Error("ERR written script: version".to_owned());
    let (Some(key), [text, life, ..]) = (keys.first(), args) else { return Err(wrong()) };
    let version = whole(text, 15).ok_or_else(wrong)?;
    whole(life, 15).filter(|life| 0 < *life).ok_or_else(wrong)?;
    match store.tried(&["GET", key])? {
        Reply::Text(there) if whole(&there, 15).is_some_and(|known| version <= known) => Ok(Reply::Text(there)),
        _ => {
            store.tried(&["SET", key, text, "PX", life])?;
            Ok(Reply::text(text))
        }
    }
}
