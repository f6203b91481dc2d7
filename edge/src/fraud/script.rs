//! The one script that counts attempts to buy, by whatever they have in common: each counts once in its window, however
//! often it is repeated.
//!
//! Keys: for each thing that is counted, a sorted set of attempts by their first moments. They are of one store, and hash to
//! any slot: not for a Redis cluster.
//!
//! Arguments: the moment in milliseconds of UTC, the attempt's name, and for each key its window in milliseconds.
//!
//! Answers: for each key the attempts in its window, this one with them, and 1,001 where there are more.
//!
//! The time is the caller's. One whose clock is ahead forgets others' attempts sooner.

use crate::port::kv::{Reply, Script, ScriptStore, whole};

pub static ATTEMPTS: Script = Script {
    name: "attempts",
    lua: r#"
local function whole(text)
  if text and #text <= 15 and string.match(text, '^%d+$') then return tonumber(text) end
end

local now, attempt = whole(ARGV[1]), ARGV[2]
local is_right = now and attempt and attempt ~= '' and #ARGV == 2 + #KEYS
for at = 1, #KEYS do
  local window = whole(ARGV[2 + at])
  is_right = is_right and window and window > 0
end
if not is_right then return redis.error_reply('ERR attempts script: arguments') end
local counts = {}
for at = 1, #KEYS do
  local key, window = KEYS[at], whole(ARGV[2 + at])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - window))
  if redis.call('ZCARD', key) <= 1000 then redis.call('ZADD', key, 'NX', ARGV[1], attempt) end
  redis.call('PEXPIRE', key, ARGV[2 + at])
  counts[at] = redis.call('ZCARD', key)
end
return counts
"#,
    native,
};

/// One that is beyond what rules can ask for.
const MOST: i64 = 1_000;

/// Keys and arguments of one call: for each key its window in seconds.
pub fn call(now_millis: i64, attempt: &str, counted: &[(String, u32)]) -> (Vec<String>, Vec<String>) {
    let windows = counted.iter().map(|(_, seconds)| (i64::from(*seconds) * 1_000).to_string());
    let args = [now_millis.to_string(), attempt.to_owned()].into_iter().chain(windows);
    (counted.iter().map(|(key, _)| key.clone()).collect(), args.collect())
}

/// The counts, in the order of the keys. `None`: it is no answer to so many.
pub fn answer(reply: &Reply, keys: usize) -> Option<Vec<u32>> {
    let Reply::Array(items) = reply else { return None };
    let count = |item: &Reply| match item {
        Reply::Integer(count) => u32::try_from(*count).ok(),
        _ => None,
    };
    let counts: Vec<u32> = items.iter().map(count).collect::<Option<_>>()?;
    (counts.len() == keys).then_some(counts)
}

/// The Lua's twin.
fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    count(store, keys, args).unwrap_or_else(|error| error)
}

/// The `Err` is an error of Redis'.
fn count(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Result<Reply, Reply> {
    let wrong = || Reply::Error("ERR attempts script: arguments".to_owned());
    let number = |text: &String| whole(text, 15).filter(|_| !text.is_empty());
    let [moment, attempt, windows @ ..] = args else { return Err(wrong()) };
    let now = number(moment).ok_or_else(wrong)?;
    if attempt.is_empty() || windows.len() != keys.len() {
        return Err(wrong());
    }
    let mut spans = Vec::with_capacity(windows.len());
    for window in windows {
        spans.push(number(window).filter(|span| 0 < *span).ok_or_else(wrong)?);
    }
    let mut counts = Vec::with_capacity(keys.len());
    for ((key, window), span) in keys.iter().zip(windows).zip(spans) {
        store.tried(&["ZREMRANGEBYSCORE", key, "-inf", &(now - span).to_string()])?;
        if matches!(store.tried(&["ZCARD", key])?, Reply::Integer(count) if count <= MOST) {
            store.tried(&["ZADD", key, "NX", moment, attempt])?;
        }
        store.tried(&["PEXPIRE", key, window])?;
        counts.push(store.tried(&["ZCARD", key])?);
    }
    Ok(Reply::Array(counts))
}
