//! Failed logins, counted per account and per address in one atomic step that admits an attempt or says how
//! long to wait. The rules are [`headlesspro_shared::identity::Lockout`]'s.
//!
//! A Redis hash each: `n` attempts counted as failed, `t` the moment of the last one in milliseconds.
//!
//! Keys: the account's (by the hash of the e-mail address, whether it has an account or not), the address's.
//!
//! | operation | arguments | answers |
//! |---|---|---|
//! | `attempt` | now in ms; then for the account and for the address: free, first wait, longest wait, forget | `admitted`, or `wait` and milliseconds |
//! | `right` | | `ok`: the account's count is gone, the address gets its attempt back |
//!
//! The address gets no more than that: one who guesses at others could otherwise clear the count by logging in to an
//! account of their own.

use headlesspro_shared::identity::{Lockout, LockoutRule};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::limits::ClientAddress;
use crate::limits::joint::{self, joint_lua};
use crate::port::kv::{Command, Kv, KvError, Reply, Script, ScriptStore, whole};

macro_rules! lockout_lua {
    () => {
        r#"
local function whole(text)
  if text and #text <= 15 and string.match(text, '^%d+$') then return tonumber(text) end
end

local function wrong(what)
  return redis.error_reply('ERR lockout script: ' .. what)
end

if ARGV[1] == 'right' then
  redis.call('DEL', KEYS[1])
  local held = whole(redis.call('HGET', KEYS[2], 'n'))
  if held and held > 0 then redis.call('HINCRBY', KEYS[2], 'n', -1) end
  return {'ok'}
end
if ARGV[1] ~= 'attempt' then return wrong('operation') end

local now = whole(ARGV[2])
if not now then return wrong('now') end
local wait = 0
local counts = {}
for at = 1, 2 do
  local rule = {}
  for field = 1, 4 do
    rule[field] = whole(ARGV[2 + (at - 1) * 4 + field])
    if not rule[field] then return wrong('rule') end
  end
  local count = whole(redis.call('HGET', KEYS[at], 'n')) or 0
  local last = whole(redis.call('HGET', KEYS[at], 't')) or 0
  local since = math.max(now - last, 0)
  local beyond = count - rule[1] - 1
  if beyond >= 0 then
    local this = rule[3]
    if beyond < 40 then this = math.min(rule[2] * 2 ^ beyond, rule[3]) end
    wait = math.max(wait, this - since)
  end
  if now - last >= rule[4] then count = 0 end
  counts[at] = {count + 1, rule[4]}
end
if wait > 0 then return {'wait', string.format('%.0f', wait)} end
for at = 1, 2 do
  redis.call('HSET', KEYS[at], 'n', string.format('%.0f', counts[at][1]), 't', ARGV[2])
  redis.call('PEXPIRE', KEYS[at], string.format('%.0f', counts[at][2]))
end
return {'admitted'}
"#
    };
}

pub static LOCKOUT: Script = Script { name: "lockout", lua: lockout_lua!(), native };

/// Both at once, at a login.
pub static LIMITS_AND_LOCKOUT: Script =
    Script { name: "limits_and_lockout", lua: joint_lua!(lockout_lua!()), native: both };

fn both(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    joint::native(store, keys, args, &LOCKOUT)
}

/// The Lua's twin.
fn native(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Reply {
    run(store, keys, args).unwrap_or_else(|answer| answer)
}

fn run(store: &mut dyn ScriptStore, keys: &[String], args: &[String]) -> Result<Reply, Reply> {
    let key = |at: usize| keys.get(at).map_or("", String::as_str);
    let word = |at: usize| args.get(at).map_or("", String::as_str);
    match word(0) {
        "right" => {
            store.tried(&["DEL", key(0)])?;
            if field(store, key(1), "n")?.is_some_and(|held| 0 < held) {
                store.tried(&["HINCRBY", key(1), "n", "-1"])?;
            }
            return Ok(Reply::Array(vec![Reply::text("ok")]));
        }
        "attempt" => {}
        _ => return Err(wrong("operation")),
    }
    let now = whole(word(1), 15).ok_or_else(|| wrong("now"))?;
    let mut wait = 0;
    let mut counts = Vec::with_capacity(2);
    for (at, first) in [(0_usize, 2_usize), (1, 6)] {
        let number = |offset: usize| args.get(first.saturating_add(offset)).and_then(|text| whole(text, 15));
        let (Some(free), Some(first_wait), Some(longest), Some(forget)) = (number(0), number(1), number(2), number(3))
        else {
            return Err(wrong("rule"));
        };
        let count = field(store, key(at), "n")?.unwrap_or(0);
        let last = field(store, key(at), "t")?.unwrap_or(0);
        let since = now.saturating_sub(last).max(0);
        let beyond = count.saturating_sub(free).saturating_sub(1);
        if 0 <= beyond {
            let doubled = u32::try_from(beyond)
                .ok()
                .filter(|beyond| *beyond < 40)
                .and_then(|beyond| 2_i64.checked_pow(beyond).and_then(|factor| first_wait.checked_mul(factor)));
            wait = wait.max(doubled.unwrap_or(longest).min(longest).saturating_sub(since));
        }
        let kept = if forget <= now.saturating_sub(last) { 0 } else { count };
        counts.push((at, kept.saturating_add(1), forget));
    }
    if 0 < wait {
        return Ok(Reply::Array(vec![Reply::text("wait"), Reply::Text(wait.to_string())]));
    }
    for (at, count, forget) in counts {
        store.tried(&["HSET", key(at), "n", &count.to_string(), "t", word(1)])?;
        store.tried(&["PEXPIRE", key(at), &forget.to_string()])?;
    }
    Ok(Reply::Array(vec![Reply::text("admitted")]))
}

fn field(store: &mut dyn ScriptStore, key: &str, name: &str) -> Result<Option<i64>, Reply> {
    match store.tried(&["HGET", key, name])? {
        Reply::Text(text) => Ok(whole(&text, 15)),
        _ => Ok(None),
    }
}

fn wrong(what: &str) -> Reply {
    Reply::Error(format!("ERR lockout script: {what}"))
}

/// The keys of one login: its account by the hash of the e-mail address, and the caller's address.
pub fn keys(tenant: Tenant, email_hash: &str, address: Option<ClientAddress>) -> Vec<String> {
    let organization = tenant.organization;
    let account = account_key(tenant, email_hash);
    let address = address.map_or_else(|| "unknown".to_owned(), ClientAddress::counted_as);
    vec![account, format!("lock:{{{organization}}}:n:{address}")]
}

/// The key of an account's failures.
pub fn account_key(tenant: Tenant, email_hash: &str) -> String {
    format!("lock:{{{}}}:a:{email_hash}", tenant.organization)
}

/// The words that ask for an attempt.
pub fn attempt(now: Timestamp, lockout: &Lockout) -> Vec<String> {
    let mut words = vec!["attempt".to_owned(), now.millis().to_string()];
    for rule in [lockout.account, lockout.address] {
        let LockoutRule { free, first_wait_millis, longest_wait_millis, forget_millis } = rule;
        words.push(free.to_string());
        words.extend([first_wait_millis, longest_wait_millis, forget_millis].map(|millis| millis.to_string()));
    }
    words
}

/// Whether the attempt is admitted; else how long to wait, in milliseconds.
///
/// # Errors
/// [`KvError::Garbage`] when the answer is none of the script's.
pub fn read(reply: &Reply) -> Result<Result<(), i64>, KvError> {
    let Reply::Array(words) = reply else { return Err(garbage()) };
    match words.as_slice() {
        [Reply::Text(word)] if word == "admitted" => Ok(Ok(())),
        [Reply::Text(word), Reply::Text(millis)] if word == "wait" => millis.parse().map(Err).map_err(|_| garbage()),
        _ => Err(garbage()),
    }
}

/// Takes a right password's attempt back. A failure only makes the next wait longer than it should be.
pub async fn forgive(kv: &dyn Kv, keys: Vec<String>) {
    if let Err(error) = kv.script(&LOCKOUT, keys, vec!["right".to_owned()]).await {
        log::warn!("a right password was left counted as a failure: {error}");
    }
}

/// Forgets the failures of an account whose owner has proved otherwise who they are.
pub async fn forget(kv: &dyn Kv, account_key: &str) {
    if let Err(error) = kv.command(Command::new(["DEL", account_key])).await {
        log::warn!("failed logins were not forgotten: {error}");
    }
}

fn garbage() -> KvError {
    KvError::Garbage("the lockout script's answer".to_owned())
}
