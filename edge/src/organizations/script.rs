//! How many organizations are founded from one network address and for one e-mail address, and which one a repeated
//! request has founded: counted and remembered in one atomic step. The rule is [`Foundings`]'.
//!
//! Keys: the foundings from the network address and those for the e-mail address, as their text; for a request that may
//! be repeated, what it founds.
//!
//! Arguments: now, the most foundings, and how long each counts, in milliseconds; for a request that may be repeated,
//! what it founds, and for how many milliseconds that is remembered.
//!
//! Answers: `admitted`; or `wait` and milliseconds; or `known` and what an earlier request with the same third key
//! founds, which counts as no other founding.

use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::{FOUNDED_WITHIN_MILLIS, Foundings, MOST_FOUNDED};

use crate::limits::ClientAddress;
use crate::limits::joint::{self, joint_lua};
use crate::port::kv::{KvError, Reply, Script, ScriptStore, whole};

/// A repeat is known as one for so long, in milliseconds: a day.
const REMEMBERED_MILLIS: i64 = 86_400_000;

macro_rules! foundings_lua {
    () => {
        r#"
local function whole(text)
  if text and #text <= 15 and string.match(text, '^%d+$') then return tonumber(text) end
end

local now, most, within = whole(ARGV[1]), whole(ARGV[2]), whole(ARGV[3])
if not now or not most or not within then return redis.error_reply('ERR foundings script: rule') end
if KEYS[3] then
  if not ARGV[4] or not whole(ARGV[5]) then return redis.error_reply('ERR foundings script: repeat') end
  local known = redis.call('GET', KEYS[3])
  if known then return {'known', known} end
end

local wait, lists = 0, {}
for list = 1, 2 do
  local kept = {}
  for text in string.gmatch(redis.call('GET', KEYS[list]) or '', '%d+') do
    local at = whole(text)
    if at and at + within > now then kept[#kept + 1] = text end
  end
  if #kept >= most then wait = math.max(wait, math.min(tonumber(kept[1]) + within - now, within)) end
  kept[#kept + 1] = ARGV[1]
  lists[list] = table.concat(kept, ' ')
end
if wait > 0 then return {'wait', string.format('%.0f', wait)} end
for list = 1, 2 do redis.call('SET', KEYS[list], lists[list], 'PX', ARGV[3]) end
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[5]) end
return {'admitted'}
"#
    };
}

pub static FOUNDINGS: Script = Script { name: "foundings", lua: foundings_lua!(), native };

/// Both at once, as a sign-up asks.
pub static LIMITS_AND_FOUNDINGS: Script =
    Script { name: "limits_and_foundings", lua: joint_lua!(foundings_lua!()), native: both };

fn both(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    joint::native(store, keys, args, &FOUNDINGS)
}

/// The Lua's twin.
fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    run(store, keys, args).unwrap_or_else(|answer| answer)
}

fn run(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Result<Reply, Reply> {
    let number = |at: usize| args.get(at).and_then(|text| whole(text, 15));
    // The rule is the domain's, whose numbers the arguments repeat for the Lua.
    let (Some(now), Some(_), Some(within)) = (number(0), number(1), number(2)) else { return Err(wrong("rule")) };
    let repeat = match (keys.get(2), args.get(3), number(4)) {
        (None, ..) => None,
        (Some(key), Some(founds), Some(remembered)) => Some((key, founds, remembered.to_string())),
        (Some(_), ..) => return Err(wrong("repeat")),
    };
    if let Some((key, ..)) = &repeat
        && let Reply::Text(known) = store.tried(&["GET", key.as_str()])?
    {
        return Ok(Reply::Array(vec![Reply::text("known"), Reply::Text(known)]));
    }
    let (mut longest, mut lists) = (0, Vec::with_capacity(2));
    for key in keys.iter().take(2) {
        let recent = match store.tried(&["GET", key])? {
            Reply::Text(text) => Foundings::read(&text),
            _ => Foundings::default(),
        };
        match recent.one_more(Timestamp::from_millis(now)) {
            Ok(next) => lists.push((key, next.to_string())),
            Err(wait) => longest = wait.max(longest),
        }
    }
    if 0 < longest {
        return Ok(Reply::Array(vec![Reply::text("wait"), Reply::Text(longest.to_string())]));
    }
    for (key, next) in lists {
        store.tried(&["SET", key, &next, "PX", &within.to_string()])?;
    }
    if let Some((key, founds, remembered)) = &repeat {
        store.tried(&["SET", key.as_str(), founds.as_str(), "PX", remembered.as_str()])?;
    }
    Ok(Reply::Array(vec![Reply::text("admitted")]))
}

fn wrong(what: &str) -> Reply {
    Reply::Error(format!("ERR foundings script: {what}"))
}

/// What becomes of a founding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Founding {
    Admitted,
    /// There may be another in so many milliseconds.
    Wait(i64),
    /// The request is a repeat: of one that founds this.
    Known(String),
}

/// The keys of one founding. `owner` is a keyed hash of the owner's e-mail address, `repeat` the name that its repeats
/// come with too.
pub fn keys(address: Option<ClientAddress>, owner: &str, repeat: Option<&str>) -> Vec<String> {
    let address = address.map_or_else(|| "unknown".to_owned(), ClientAddress::counted_as);
    let repeat = repeat.map(|name| format!("found:k:{name}"));
    [format!("found:n:{address}"), format!("found:m:{owner}")].into_iter().chain(repeat).collect()
}

/// The words that ask for it. `founds` is what a repeat is told.
pub fn words(now: Timestamp, founds: Option<&str>) -> Vec<String> {
    let rule = [now.millis().to_string(), MOST_FOUNDED.to_string(), FOUNDED_WITHIN_MILLIS.to_string()];
    let repeat = founds.map(|founds| [founds.to_owned(), REMEMBERED_MILLIS.to_string()]);
    rule.into_iter().chain(repeat.into_iter().flatten()).collect()
}

/// # Errors
/// [`KvError::Garbage`] when the answer is none of the script's.
pub fn read(reply: &Reply) -> Result<Founding, KvError> {
    let garbage = || KvError::Garbage("the foundings script's answer".to_owned());
    let Reply::Array(words) = reply else { return Err(garbage()) };
    match words.as_slice() {
        [Reply::Text(word)] if word == "admitted" => Ok(Founding::Admitted),
        [Reply::Text(word), Reply::Text(millis)] if word == "wait" => {
            millis.parse().map(Founding::Wait).map_err(|_| garbage())
        }
        [Reply::Text(word), Reply::Text(founds)] if word == "known" => Ok(Founding::Known(founds.clone())),
        _ => Err(garbage()),
    }
}
